"""Restricted data tokens: createRestrictedDataToken (reference 12).

Operations that show personal data are opened by such a token alone, and such a token opens
nothing else.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from amazon_simulator.login import LIFETIME, RESTRICTED_OPERATION
from amazon_simulator.messages import Answer, Refused, errors, no_access, ok
from amazon_simulator.operations import Call, Operation

# What the role Direct-to-Consumer Shipping opens (reference 12). Other operations than the orders
# of 2021-12-28 are not answered here, but a token may name them, as one token is meant to do.
_RESOURCES = (
    r"GET /vendor/directFulfillment/orders/(v1|2021-12-28)/purchaseOrders(/[^/?]+)?",
    r"GET /vendor/directFulfillment/shipping/(v1|2021-12-28)/(shippingLabels|packingSlips|customerInvoices)(/[^/?]+)?",
    r"POST /vendor/directFulfillment/shipping/2021-12-28/shippingLabels/[^/?]+",
)


class _Resource(Struct, rename="camel", forbid_unknown_fields=True):
    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: Annotated[str, Meta(min_length=1)]
    data_elements: list[str] = []


class _Body(Struct, rename="camel", forbid_unknown_fields=True):
    restricted_resources: Annotated[list[_Resource], Meta(min_length=1, max_length=50)]
    target_application: str | None = None


_BODY = msgspec.json.Decoder(_Body)


def create_token(call: Call) -> Answer:
    """A token for the resources named. Raises Refused (400, 415).

    A path that does not begin with a slash gives a token all the same, which opens nothing
    (reference 18, item 33).
    """
    resources = _read(call).restricted_resources
    if any(resource.path.startswith("/") and not _may_have(call, resource) for resource in resources):
        raise Refused(no_access())
    elements = sorted({element for resource in resources for element in resource.data_elements})
    if elements:
        # Only the sellers' Orders API takes data elements (reference 12).
        message = f"Application does not have access to one or more requested data elements: [{', '.join(elements)}]"
        raise Refused(errors(400, "InvalidInput", message))
    says = call.faults.get("short_rdt")
    says = LIFETIME if says is None else float(says)
    lives = call.faults.get("early_rdt")
    opens = frozenset((resource.method, resource.path) for resource in resources)
    token = call.login.issue_restricted(call.account, opens, says if lives is None else float(lives))
    return ok({"restrictedDataToken": token, "expiresIn": int(says)})


def _read(call: Call) -> _Body:
    if call.request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(errors(415, "UnsupportedMediaType", "The Content-Type must be application/json."))
    try:
        return _BODY.decode(call.request.body)
    except msgspec.DecodeError as error:
        # Where Amazon's own words are known, they are used (reference, appendix E).
        details = "Resource not provided." if ".method" in str(error) or ".path" in str(error) else str(error)
        message = "Request is missing or has invalid parameters"
        raise Refused(errors(400, "InvalidRequest", message, details)) from error


def _may_have(call: Call, resource: _Resource) -> bool:
    named = f"{resource.method} {resource.path}"
    return call.has_direct_fulfillment and any(re.fullmatch(known, named) for known in _RESOURCES)


OPERATIONS = (
    Operation(
        name=RESTRICTED_OPERATION,
        method="POST",
        path="/tokens/2021-03-01/restrictedDataToken",
        answer=create_token,
        rate=1,
    ),
)
