"""Takes what an ERP posts, invoices, credit notes and order updates: `POST /imports/{connector}`."""

from collections.abc import Mapping
from typing import Any

from approdo.sdk.connector import ConnectorType
from approdo.sdk.imports import Import, Posted
from approdo.sdk.options import Choice, Kind, Option
from approdo.sdk.recoding import RECODE_SKUS
from approdo.sdk.text import marked as _

TAKES = Option(
    name="takes",
    kind=Kind.CHOICES,
    label=_("What is taken"),
    help=_("None ticked: everything. What is not ticked is refused."),
    choices=(
        Choice(Posted.INVOICE, _("Invoices")),
        Choice(Posted.CREDIT_NOTE, _("Credit notes")),
        Choice(Posted.ORDER_UPDATE, _("Order updates")),
    ),
)
NODES = Option(
    name="nodes",
    kind=Kind.NODES,
    label=_("Nodes"),
    help=_("The accounts to whose orders documents may belong. None chosen: every account."),
)
RECODE = Option(
    name=RECODE_SKUS,
    kind=Kind.FLAG,
    label=_("Run SKU recoding?"),
    help=_(
        "Where no line of the order has your own SKU, the line is found by the vendor SKU that the SKU recoding table"
        " has for it."
    ),
    default=False,
)


def takes(options: Mapping[str, Any]) -> frozenset[str]:
    """What the options let in."""
    return frozenset(options.get("takes") or Posted)


def nodes(options: Mapping[str, Any]) -> frozenset[int]:
    """To whose orders it may belong; none: everybody's."""
    return frozenset(options.get("nodes") or ())


def recodes(options: Mapping[str, Any]) -> bool:
    """Whether an own SKU that the order does not carry is looked up in the table."""
    return bool(options.get(RECODE_SKUS))


IMPORT_DOCUMENTS = ConnectorType(
    name="api.import_documents",
    label=_("API Import documents"),
    help=_("An ERP posts invoices, credit notes and order updates to the connector's address."),
    options=(TAKES, NODES, RECODE),
    work=Import(takes=takes, nodes=nodes, recodes=recodes),
)
