"""What is said of what an ERP posts: why a document is refused, and what to look at in one that is taken."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

SENTENCES: Mapping[str, Sentence] = {
    # the whole call
    "not_an_import": Sentence(
        _("The connector “{name}” takes no documents."), _("Name one of the type API Import documents.")
    ),
    "called_from_outside": Sentence(
        _("There is nothing to run: documents come when an ERP posts them to this connector's address."),
        _("The address and the last calls stand under API › Import documents."),
    ),
    "not_a_body": Sentence(
        _("The body is not an object with the list “documents”: {reason}."), _('Send {{"documents": [ … ]}}.')
    ),
    "bad_xml": Sentence(_("The body is not well-formed XML: {reason}."), _("Correct the body and send it again.")),
    "xml_declares": Sentence(
        _("The body holds a document type declaration. It was not read: entities are not taken."),
        _("Send the documents without <!DOCTYPE …>."),
    ),
    "not_documents": Sentence(
        _("The body has to be one element Documents of the version {version}, and begins with {found}."),
        _("The schema is at /api/v1/exports/documents.xsd."),
    ),
    "too_many_documents": Sentence(_("{count} documents are too many at once."), _("Send at most {most} in one call.")),
    "import_too_large": Sentence(_("The body is larger than {most} MB."), _("Send fewer documents at once.")),
    # the form of a document
    "not_per_schema": Sentence(
        _("The document is not as the schema says: {reason}"), _("The schema is at /api/v1/exports/documents.xsd.")
    ),
    "not_an_object": Sentence(_("This has to be an object.")),
    "not_exact_amount": Sentence(
        _("“{value}” is not an amount."), _("Write it as a text with a point, without an exponent: 1234.50.")
    ),
    "amount_too_long": Sentence(_("“{value}” has more than {most} digits.")),
    "not_a_day": Sentence(_("“{value}” is not a day."), _("Write it as 2026-05-01.")),
    "not_a_moment_here": Sentence(
        _("“{value}” is not a moment with its time zone."), _("Write it as 2026-05-01T10:00:00Z, or give `day`.")
    ),
    "day_or_date": Sentence(_("An invoice has either a day or a date."), _("Give `day`, as 2026-05-01.")),
    "not_a_posted_type": Sentence(
        _("This has to be “invoice”, “credit_note”, or “order” for an order update, not “{value}”.")
    ),
    "type_not_taken": Sentence(
        _("This connector does not take documents of the type “{value}”."), _("Tick it in the connector's form.")
    ),
    "value_not_valid": Sentence(_("This value is not valid: {reason}.")),
    "too_many_entries": Sentence(_("This has more than {most} entries.")),
    "not_a_currency": Sentence(_("“{value}” is not a currency."), _("Write it as EUR.")),
    "number_not_possible": Sentence(_("{value} is not possible here.")),
    "nul_in_document": Sentence(_("A text holds the character U+0000, which cannot be stored.")),
    "line_twice": Sentence(_("Line {value} is there twice."), _("Give each line its own `sequence`.")),
    # which order
    "no_order_named": Sentence(
        _("The document names no order."), _("Give the number of the purchase order in `orders`, or in each line.")
    ),
    "order_not_downloaded": Sentence(
        _("The order {order} is not here."),
        _("Only downloaded orders can be invoiced: fetch it first, and see to whose orders this connector may write."),
    ),
    "order_of_other_vendor": Sentence(
        _("The order {order} is not of the vendor code {vendor_code}."), _("Correct the vendor code or the order.")
    ),
    "order_ambiguous": Sentence(
        _("There are {count} orders {order}."), _("Give the vendor code, or let the connector write to one node only.")
    ),
    "orders_apart": Sentence(
        _("The orders {orders} do not belong on one document: they are of different accounts or vendor codes."),
        _("Make a document for each."),
    ),
    "vendor_code_differs": Sentence(_("The seller is {party}, and the vendor code is {vendor_code}.")),
    "consumer_not_wanted": Sentence(
        _("A Direct Fulfillment document must not say who the consumer is."), _("Leave out `ship_to_party`.")
    ),
    # which line
    "line_names_no_order": Sentence(
        _("The document has several orders, and this line does not say which it is of."), _("Give `order` in the line.")
    ),
    "line_of_other_order": Sentence(_("The line is of the order {order}, which the document does not name.")),
    "line_names_nothing": Sentence(
        _("The line does not say which line of the order it is."),
        _("Give `order_line`, or one of `vendor_sku`, `asin`, `sku`."),
    ),
    "line_not_found": Sentence(_("The order {order} has no such line ({named}).")),
    "line_ambiguous": Sentence(
        _("Several lines of the order {order} are that ({named})."), _("Give `order_line`: its sequence in the order.")
    ),
    "line_differs": Sentence(
        _("Line {line} of the order {order} says “{ordered}” there, not “{value}”."),
        _("Amazon wants its own codes back as they came."),
    ),
    "line_gone": Sentence(_("Line {line} of the order {order} is cancelled, or no longer part of it.")),
    "priced_by_weight": Sentence(
        _("Line {line} of the order {order} is priced by weight."), _("Such lines cannot be imported yet.")
    ),
    # what does not fit
    "currency_differs": Sentence(_("The currency is {value}; that of the order {order} is {ordered}.")),
    "unknown_unit": Sentence(_("“{value}” is not a unit."), _("Write eaches or cases.")),
    "unit_size_missing": Sentence(
        _("The line counts cases, and it is not known how many pieces one holds."), _("Give `unit_size`.")
    ),
    "unit_size_differs": Sentence(
        _("A case holds {ordered} pieces in the order {order}, not {value}."),
        _("Invoice in eaches, or in the cases that were ordered."),
    ),
    "eaches_differ": Sentence(_("{quantity} {unit} are {eaches} pieces, not {value}.")),
    "not_positive": Sentence(_("This has to be more than zero, not {value}.")),
    "invoiced_too_much": Sentence(
        _("Line {line} of the order {order}: {value} pieces are more than what is left ({left})."),
        _("{ordered} were ordered, and {invoiced} are on other invoices."),
    ),
    "credited_too_much": Sentence(
        _("Line {line} of the order {order}: {value} pieces are given back, and {left} are invoiced still."),
        _("Correct the quantity, or the invoice that the credit note corrects."),
    ),
    "line_total_differs": Sentence(_("{eaches} × {net_cost} is {expected}, not {value}.")),
    "total_differs": Sentence(_("The lines come to {expected}, not {value}.")),
    "taxes_differ": Sentence(_("The taxes come to {expected}, not {value}.")),
    "gross_total_differs": Sentence(_("Total and taxes come to {expected}, not {value}.")),
    "tax_currency_differs": Sentence(_("A tax is in {value}, the document in {ordered}.")),
    "date_in_future": Sentence(_("The document's date lies in the future: {value}.")),
    "number_used": Sentence(
        _("The number {number} is that of another document, which bills {orders}."),
        _("A number is used once for each vendor code; a change of a document names an order that it named before."),
    ),
    "answered_too_much": Sentence(
        _("Line {line} of the order {order}: {value} pieces are answered, and {ordered} were ordered.")
    ),
    "nothing_said": Sentence(
        _("The update says nothing."), _("Give `receipt`, the ERP's own number, or what becomes of lines.")
    ),
    # taken, and yet
    "cost_differs": Sentence(
        _("Line {line} of the order {order} was ordered at {ordered}, not at {value}."),
        _("Amazon holds invoices whose cost is not that of the order."),
    ),
    "before_the_order": Sentence(
        _("The document is older than the order {order}."), _("Amazon refuses invoices dated before their order.")
    ),
    "order_not_accepted": Sentence(
        _("The order {order} is not accepted yet."), _("Amazon takes invoices of accepted orders only.")
    ),
    "quantity_not_compared": Sentence(
        _("Line {line} of the order {order} is in a unit that is not known: the quantity was not compared.")
    ),
    "corrected_unknown": Sentence(
        _("The invoice {number} is not here: what is given back was not compared with it."),
    ),
    "not_all_answered": Sentence(
        _("Line {line} of the order {order}: {value} of {ordered} pieces are answered."),
        _("Amazon takes what is not answered for rejected."),
    ),
    "backorder_not_allowed": Sentence(_("Line {line} of the order {order} may not be delivered later.")),
}
