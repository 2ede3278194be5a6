"""What was asked and read, which codes have no match, and what was handed over to whom."""

from approdo.exchanges.models.delivery import (
    IN_STATE,
    OPEN,
    Attempt,
    Batch,
    Delivery,
    Look,
    Overtaken,
    Receipt,
    batch_name,
)
from approdo.exchanges.models.imports import ImportCall, ImportedDocument
from approdo.exchanges.models.reading import (
    NUMBER_LENGTH,
    NumberRead,
    RequestLogged,
    RunNote,
    SilenceExplained,
    WindowRead,
)
from approdo.exchanges.models.unmatched import UnmatchedCode

__all__ = [
    "IN_STATE",
    "NUMBER_LENGTH",
    "OPEN",
    "Attempt",
    "Batch",
    "Delivery",
    "ImportCall",
    "ImportedDocument",
    "Look",
    "NumberRead",
    "Overtaken",
    "Receipt",
    "RequestLogged",
    "RunNote",
    "SilenceExplained",
    "UnmatchedCode",
    "WindowRead",
    "batch_name",
]
