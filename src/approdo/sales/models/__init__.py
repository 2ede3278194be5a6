"""Sale documents, what bills them, and what could not be read."""

from approdo.sales.models.billing import BilledLine, Billing, OrderLink, OrderUpdate
from approdo.sales.models.documents import (
    CODE_LENGTH,
    FILTERED,
    NUMBER_LENGTH,
    PATTERN,
    DocumentStatus,
    DocumentVersion,
    PersonalData,
    PersonalDataLook,
    SaleDocument,
    SaleLine,
    SetAside,
    StatusLine,
    StatusVersion,
)

__all__ = [
    "CODE_LENGTH",
    "FILTERED",
    "NUMBER_LENGTH",
    "PATTERN",
    "BilledLine",
    "Billing",
    "DocumentStatus",
    "DocumentVersion",
    "OrderLink",
    "OrderUpdate",
    "PersonalData",
    "PersonalDataLook",
    "SaleDocument",
    "SaleLine",
    "SetAside",
    "StatusLine",
    "StatusVersion",
]
