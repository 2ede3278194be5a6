"""Credit notes give back what an invoice billed; order updates say what an ERP will ship."""

import pytest
from posted import invoice, line, update

from approdo.api.tests.imports.posting import post, post_xml, refused, results
from approdo.exchanges.models import Receipt
from approdo.sales.models import OrderUpdate, SaleDocument, SaleLine


def credit(number="NC-1", **changes):
    return invoice(number, **{"type": "credit_note", "corrects": "FT-1", **changes})


def test_a_credit_note_at_the_invoiced_cost_gives_its_pieces_back(erp, ordered):
    post(erp, invoice())
    (answer,) = post(erp, credit(lines=[line(quantity=1)], gross_total="13.20", orders=[]))
    assert (answer["result"], answer["warnings"]) == ("accepted", [])
    assert erp.get(f"/documents/{answer['document']}").data["corrects"] == "FT-1"
    assert SaleDocument.objects.get(pk=ordered.pk).invoicing == "partly"
    assert refused(erp, credit("NC-2")) == ("credited_too_much", "lines.0.quantity")
    assert results(post(erp, invoice("FT-2", lines=[line(quantity=1)], gross_total="13.20"))) == ["accepted"]


def test_a_credit_note_at_another_cost_corrects_a_price(erp, ordered):
    post(erp, invoice())
    (answer,) = post(erp, credit(lines=[line(net_cost="0.10")], gross_total="3.60"))
    assert answer["result"] == "accepted"
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]
    assert refused(erp, invoice("FT-2"))[0] == "invoiced_too_much"


def test_a_credit_note_for_an_invoice_that_is_not_here_is_taken_with_a_warning(erp, ordered):
    (answer,) = post(erp, credit(corrects="FT-0"))
    assert [one["code"] for one in answer["warnings"]] == ["corrected_unknown"]


ACCEPTED = {"sequence": "1", "accepted": {"quantity": 2, "unit": "cases", "delivery_date": "2026-05-09"}}
PIECES = {"quantity": 36, "unit": "eaches", "reason": "obsolete_product"}


def test_an_order_update_is_kept_and_shown_not_sent(erp, ordered):
    rest = {"rejected": {"quantity": 12, "unit": "eaches", "reason": "temporarily_unavailable"}}
    (answer,) = post(erp, update(lines=[{**ACCEPTED, **rest}]))
    assert (answer["result"], answer["document"], answer["version"], answer["warnings"]) == (
        "accepted", ordered.pk, 1, [],
    )  # fmt: skip
    shown = erp.get(f"/documents/{ordered.pk}").data["order_update"]
    assert (shown["receipt"], shown["state"], shown["version"]) == ("SO-17", "stored", 1)
    (said,) = shown["lines"]
    assert said["accepted"] == {
        "quantity": 2, "unit": "cases", "unit_size": 12, "eaches": 24, "delivery_date": "2026-05-09",
    }  # fmt: skip
    assert (said["rejected"]["eaches"], said["backordered"]) == (12, None)
    assert not Receipt.objects.exists()  # the update says it; receipts are of those to whom the order was handed over
    assert results(post_xml(erp, update(lines=[{**ACCEPTED, **rest}]))) == ["unchanged"]
    assert OrderUpdate.objects.count() == 1


def test_what_was_accepted_is_what_has_to_be_invoiced(erp, ordered):
    post(erp, update(lines=[ACCEPTED]))
    post(erp, invoice(lines=[line(quantity=2)], gross_total="26.40"))
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]
    more = {"sequence": "1", "accepted": {"quantity": 3, "unit": "cases"}}
    (answer,) = post(erp, update(lines=[more]))
    assert answer["version"] == 2
    assert not erp.get(f"/documents/{ordered.pk}").data["invoiced"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (update("PO000009"), "order_not_downloaded"),
        (update(vendor_code="OTHER"), "order_of_other_vendor"),
        (update(receipt=None), "nothing_said"),
        (update(lines=[{"sequence": "9", "accepted": {"quantity": 1, "unit": "cases"}}]), "line_not_found"),
        (update(lines=[{"sequence": "1", "accepted": {"quantity": 4, "unit": "cases"}}]), "answered_too_much"),
        (update(lines=[{"sequence": "1", "accepted": {"quantity": 0, "unit": "cases"}}]), "number_not_possible"),
        (update(lines=[ACCEPTED, ACCEPTED]), "line_twice"),
        ({"type": "order", "number": "PO000001"}, "missing_option"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(erp, ordered, document, code):
    assert refused(erp, document)[0] == code
    assert not OrderUpdate.objects.exists()


def test_an_update_keeps_the_part_that_the_next_one_does_not_give(erp, ordered):
    whole = update(lines=[ACCEPTED])
    post(erp, whole)
    number, lines = update(receipt="SO-18"), update(receipt=None, lines=[{"sequence": "1", "rejected": PIECES}])

    def shown():
        found = erp.get(f"/documents/{ordered.pk}").data["order_update"]
        return found["receipt"], [(one["accepted"] is not None, one["rejected"] is not None) for one in found["lines"]]

    assert results(post(erp, number, number, update(receipt=None, lines=[ACCEPTED]))) == [
        "accepted", "unchanged", "unchanged",
    ]  # fmt: skip
    assert shown() == ("SO-18", [(True, False)])
    assert results(post(erp, lines, lines, number)) == ["accepted", "unchanged", "unchanged"]
    assert shown() == ("SO-18", [(False, True)])
    assert results(post(erp, whole)) == ["accepted"]
    assert shown() == ("SO-17", [(True, False)])


def test_what_an_order_has_to_have_invoiced_stays_when_only_the_receipt_comes(erp, ordered):
    post(erp, update(receipt=None, lines=[ACCEPTED]), invoice(lines=[line(quantity=2)], gross_total="26.40"))
    post(erp, update(receipt="SO-18"))
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]


def test_an_update_posted_again_after_its_line_was_recoded_says_nothing_new(erp, ordered):
    post(erp, update(lines=[ACCEPTED]))
    SaleLine.objects.filter(document=ordered).update(sku="ART-9")
    assert results(post(erp, update(lines=[ACCEPTED]))) == ["unchanged"]
