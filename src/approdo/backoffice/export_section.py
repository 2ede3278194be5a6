"""What a document's page says of exports: who got it, in which version, what the ERP calls it."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString

from approdo.backoffice import batch_page, formats
from approdo.exchanges.models import Delivery, Receipt
from approdo.nodes.sentences import Explanation
from approdo.processes.models import Connector
from approdo.sales.models import SaleDocument


class Exported(NamedTuple):
    """A connector that got the document, newest version first."""

    number: int
    name: str
    link: SafeString | None
    receipt: str | None
    again: bool
    deliveries: list[tuple[Delivery, SafeString, SafeString, Explanation | None]]


def of(document: SaleDocument, zone: ZoneInfo) -> list[Exported]:
    """Every connector that got the document, in the order of their names."""
    receipts = dict(Receipt.objects.filter(document=document).values_list("connector", "number"))
    found: dict[int, list[Delivery]] = {}
    for one in (
        Delivery.objects.filter(document=document)
        .select_related("batch")
        .defer("batch__content")
        .order_by("-version", "-pk")
    ):
        found.setdefault(one.connector, []).append(one)
    known = Connector.objects.in_bulk(found)
    rows = [_row(number, known.get(number), got, receipts, document, zone) for number, got in found.items()]
    return sorted(rows, key=lambda row: row.name)


def _row(
    number: int, connector: Connector | None, got: list[Delivery], receipts: Any, document: SaleDocument, zone: ZoneInfo
) -> Exported:
    newest = [one for one in got if one.version == document.version]
    return Exported(
        number=number,
        name=connector.name if connector else f"#{number}",
        link=formats.link(connector) if connector else None,
        receipt=receipts.get(number),
        again=any(one.state in batch_page.AGAIN for one in newest),
        deliveries=[
            (
                one,
                batch_page.delivery_state(one),
                formats.moment(one.at, zone, seconds=True),
                batch_page.why_refused(one),
            )
            for one in got
        ],
    )
