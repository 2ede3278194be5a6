"""The operations that are called, each with its path and published rate: the only place for both.

Rates are those of Amazon's models (reference 4.1).
"""

from msgspec import Struct


class Rate(Struct, frozen=True):
    """A token bucket: `burst` calls at once, `per_second` in the long run."""

    per_second: float
    burst: int


class Operation(Struct, frozen=True):
    """One call of the API. `{}` in the path takes what the call is about.

    A `restricted` one shows consumers and wants a token of its own (reference 12).
    """

    name: str
    path: str
    rate: Rate
    restricted: bool = False


GET_PURCHASE_ORDERS = Operation("getPurchaseOrders", "/vendor/orders/v1/purchaseOrders", Rate(per_second=10, burst=10))
GET_PURCHASE_ORDER = Operation("getPurchaseOrder", "/vendor/orders/v1/purchaseOrders/{}", Rate(per_second=10, burst=10))
GET_PURCHASE_ORDERS_STATUS = Operation(
    "getPurchaseOrdersStatus",
    "/vendor/orders/v1/purchaseOrdersStatus",
    Rate(per_second=10, burst=10),
)

_DIRECT_ORDERS = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders"

GET_DIRECT_ORDERS = Operation("getOrders", _DIRECT_ORDERS, Rate(per_second=10, burst=10), restricted=True)
GET_DIRECT_ORDER = Operation("getOrder", _DIRECT_ORDERS + "/{}", Rate(per_second=10, burst=10), restricted=True)

CREATE_RESTRICTED_TOKEN = Operation(
    "createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken", Rate(per_second=1, burst=10)
)
RESTRICTED_PATHS = (_DIRECT_ORDERS, _DIRECT_ORDERS + "/{purchaseOrderNumber}")
"""What a restricted token is asked for: one for all that is read here, generic paths, no host (reference 12)."""

SANDBOX_RATE = Rate(per_second=5, burst=15)
"""The sandbox has one bucket for all operations together."""
