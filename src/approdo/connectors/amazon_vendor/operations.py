"""The operations that are called, each with its path and published rate: the only place for both.

Rates are those of Amazon's models (reference 4.1).
"""

from msgspec import Struct


class Rate(Struct, frozen=True):
    """A token bucket: `burst` calls at once, `per_second` in the long run."""

    per_second: int
    burst: int


class Operation(Struct, frozen=True):
    """One call of the API. `{}` in the path takes what the call is about."""

    name: str
    path: str
    rate: Rate


GET_PURCHASE_ORDERS = Operation("getPurchaseOrders", "/vendor/orders/v1/purchaseOrders", Rate(per_second=10, burst=10))
GET_PURCHASE_ORDER = Operation("getPurchaseOrder", "/vendor/orders/v1/purchaseOrders/{}", Rate(per_second=10, burst=10))
GET_PURCHASE_ORDERS_STATUS = Operation(
    "getPurchaseOrdersStatus",
    "/vendor/orders/v1/purchaseOrdersStatus",
    Rate(per_second=10, burst=10),
)

SANDBOX_RATE = Rate(per_second=5, burst=15)
"""The sandbox has one bucket for all operations together."""
