"""What somebody posted, document by document: each stored in a transaction of its own, with what became of it.

A caller that dies in the middle, or this process, leaves whole documents and a call that did not end. Posted again,
what was stored is `unchanged`.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from approdo.exchanges import recoding
from approdo.exchanges.imports import reading
from approdo.exchanges.imports.reading import Bill, Given, OrderSaid
from approdo.exchanges.models import ImportCall, ImportedDocument
from approdo.nodes.time_ranges import zone_of
from approdo.sales import bill_checks, bills, matching, order_updates
from approdo.sales.bills import Came, Taken
from approdo.sales.matching import Matched, Named
from approdo.sales.order_updates import ANSWERS, LineSaid, Said
from approdo.sdk.documents import DocumentType
from approdo.sdk.errors import RefusedError
from approdo.sdk.imports import Posted

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Two callers can wait for each other's orders, and the database then ends one of them: it begins again."""

Result = ImportedDocument.Result


class Allowed(NamedTuple):
    """What a connector takes, and to the orders of which nodes it may belong; no node: every one.

    `recodes`: whether an own SKU that the order does not carry is looked up in the table.
    """

    takes: frozenset[str]
    nodes: frozenset[int]
    recodes: bool = False


def begin(connector: int, by: str, format_: str, size: int) -> ImportCall:
    """Write down that somebody calls."""
    return ImportCall.objects.create(
        connector=connector, called_by=by[:150], format=format_, bytes=size, began_at=timezone.now()
    )


def fail(call: ImportCall, error: RefusedError) -> None:
    """Write down why nothing of a call was read."""
    ImportCall.objects.filter(pk=call.pk).update(
        ended_at=timezone.now(), error_code=error.code, error_params=_plain(error.params)
    )


def take(call: ImportCall, given: Sequence[Given], allowed: Allowed) -> list[ImportedDocument]:
    """Store what was given, in its order, and say what became of each document."""
    done = [_take(call, place, one, allowed) for place, one in enumerate(given, 1)]
    counts = {result.value: sum(one.result == result for one in done) for result in Result}
    ImportCall.objects.filter(pk=call.pk).update(ended_at=timezone.now(), **counts)
    return done


def _take(call: ImportCall, place: int, given: Given, allowed: Allowed) -> ImportedDocument:
    row = ImportedDocument(call=call, position=place, **_named(given))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                taken = _stored(call, given, allowed)
                row.result, row.document_id, row.version = taken.result, taken.document, taken.version
                row.notes = [{"code": note.code, "params": _plain(note.params)} for note in taken.notes]
                row.save(force_insert=True)
                return row
        except RefusedError as error:
            params = _plain(error.params)
            row.result, row.code, row.params = Result.REFUSED, error.code, params
            row.field = str(params.pop("field", ""))[:200]
            row.save(force_insert=True)
            return row
        except (IntegrityError, OperationalError):
            if attempt == ATTEMPTS:
                raise
            row.pk = None
        except Exception as error:  # one document that nobody foresaw holds up no other
            log.exception("document %s of call %s could not be taken in", place, call.pk)
            row.result, row.code, row.params = Result.REFUSED, "internal", {"reason": type(error).__name__}
            row.pk = row.document_id = row.version = None
            row.save(force_insert=True)
            return row
    raise AssertionError("the last attempt raises")


def _stored(call: ImportCall, given: Given, allowed: Allowed) -> Taken:
    kind = reading.kind_of(given)
    if kind in set(Posted) and kind not in allowed.takes:
        raise RefusedError("type_not_taken", value=kind, field="type")
    found = reading.read(given)
    now = timezone.now()
    if isinstance(found, OrderSaid):
        return _order_update(call, found, given.raw, allowed, now)
    return _bill(found, given.raw, allowed, now)


def _bill(bill: Bill, raw: bytes, allowed: Allowed, now: datetime) -> Taken:
    said = bill.said
    seller = said.selling_party.id if said.selling_party else None
    if seller and bill.vendor_code and seller != bill.vendor_code:
        raise RefusedError("vendor_code_differs", party=seller, vendor_code=bill.vendor_code, field="selling_party.id")
    vendor_code = bill.vendor_code or seller
    numbers = list(dict.fromkeys([*said.orders, *filter(None, (line.order for line in said.lines))]))
    if not numbers and said.corrects and bill.type is DocumentType.CREDIT_NOTE:
        numbers = matching.orders_of_invoice(said.corrects, vendor_code, allowed.nodes)
    matched = matching.find_orders(numbers, vendor_code, allowed.nodes)
    document = reading.document(bill, zone_of(matched.node), matched.program, matched.vendor_code)
    lines = [(line.order, bill_checks.named(line)) for line in document.lines]
    return bills.take(document, _recoded(matched, lines, allowed), Came(raw, said.total, now))


def _order_update(call: ImportCall, found: OrderSaid, raw: bytes, allowed: Allowed, now: datetime) -> Taken:
    update = found.update
    matched = matching.find_orders([found.number], found.vendor_code, allowed.nodes)
    lines = [
        LineSaid(
            Named(line.sequence or "", line.vendor_sku or "", line.asin or "", line.sku or ""),
            {name: reading.as_data(getattr(line, name)) for name in ANSWERS if getattr(line, name)},
        )
        for line in update.lines
    ]
    matched = _recoded(matched, [(None, line.named) for line in lines], allowed)
    return order_updates.take(Said(update.receipt or "", lines, raw, call.called_by, now), matched)


def _recoded(matched: Matched, lines: Sequence[tuple[str | None, Named]], allowed: Allowed) -> Matched:
    """With what the table says of own SKUs that stand alone in lines, each beside the number of the order it names."""
    only = next(iter(matched.orders))
    named = {(order or only, line.sku) for order, line in lines if line.by_sku_alone} if allowed.recodes else set()
    return matched._replace(recoded=recoding.outward(matched.node, matched.orders, named)) if named else matched


def _named(given: Given) -> dict[str, str]:
    """By what a document is named in the log, however wrong it is."""
    values = given.values if isinstance(given.values, dict) else {}
    lengths = {"type": 20, "number": 64, "vendor_code": 100}
    texts = {name: values.get(name) for name in lengths}
    return {
        name: text.replace("\0", "").strip()[: lengths[name]] if isinstance(text, str) else ""
        for name, text in texts.items()
    }


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON can hold them in every database."""
    return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in params.items()}


def forget_old(before: datetime, most: int = 100) -> int:
    """Delete some calls that began before a moment, with what was answered; what they brought stays."""
    old = ImportCall.objects.filter(began_at__lt=before).order_by("began_at").values_list("pk", flat=True)[:most]
    deleted, _kinds = ImportCall.objects.filter(pk__in=list(old)).delete()
    return deleted


def said_of(row: ImportedDocument) -> Iterator[tuple[str, dict[str, Any]]]:
    """The codes and parameters of what is said of a document: why it was refused, or what is odd."""
    if row.code:
        yield row.code, {**row.params, "field": row.field}
    for note in row.notes:
        yield note["code"], note["params"]
