"""What can be said of a format that cannot hold a document."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

SENTENCES: Mapping[str, Sentence] = {
    "too_many_rows": Sentence(
        _("These documents have more lines than the {most} rows of a sheet."),
        _("Take fewer documents at a time, or another format than XLSX."),
    ),
    "edifact_parties": Sentence(
        _("EDIFACT needs the ids of sender and receiver, and this connector has none."),
        _("Choose the format EDIFACT in the connector and enter both."),
    ),
    "edifact_orders_only": Sentence(
        _("EDIFACT ORDERS holds orders only, and this is of another type ({type})."),
        _("Hand it over by a connector of another format."),
    ),
    "edifact_lacks": Sentence(
        _("EDIFACT ORDERS needs “{field}”, which Amazon did not give."),
        _("Look at the order; hand it over by a connector of another format."),
    ),
    "edifact_unit": Sentence(
        _("It is not known how EDIFACT writes the unit “{unit}”, and without it quantities and prices would be wrong."),
        _("Hand it over by a connector of another format, and tell the makers of Approdo of the unit."),
    ),
    "edifact_number": Sentence(
        _("{value} has more digits than the 15 that EDIFACT holds."),
        _("Hand it over by a connector of another format."),
    ),
    "edifact_code": Sentence(
        _("“{value}” ({field}) cannot be written in EDIFACT as it is: {most} characters of ISO 8859-1 at most."),
        _("Hand it over by a connector of another format."),
    ),
}
