"""One order that cannot be decoded costs nothing but itself."""

import pytest

from approdo.connectors.amazon_vendor.wire import mending
from approdo.connectors.amazon_vendor.wire.vendor_orders import decode, read_order, read_page
from approdo.sdk.errors import TransientError, UnreadableDocument

GOOD = b'{"purchaseOrderNumber":"GOOD0001","purchaseOrderState":"New"}'
DEEP = b"[" * 100_000 + b"]" * 100_000

BROKEN = {
    "a lone surrogate": rb'{"purchaseOrderNumber":"BROKEN01","orderDetails":{"dealCode":"\ud800"}}',
    "bytes that are no UTF-8": b'{"purchaseOrderNumber":"BROKEN01","orderDetails":{"dealCode":"\xff\xfe"}}',
    "endless nesting": b'{"purchaseOrderNumber":"BROKEN01","x":' + DEEP + b"}",
    "a control character": b'{"purchaseOrderNumber":"BROKEN01","x":"\0"}',
    "a word that is no JSON": b'{"purchaseOrderNumber":"BROKEN01","x":undefined}',
    "a comma too many": b'{"purchaseOrderNumber":"BROKEN01",}',
    "no name": b'{"purchaseOrderNumber":"BROKEN01", :1}',
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_an_order_that_cannot_be_decoded_leaves_the_rest_of_its_page_readable(raw: bytes) -> None:
    body = b'{"payload": {"orders": [%s , %s,%s], "pagination":{"nextToken":"t]\\"}"}}}' % (GOOD, raw, GOOD)
    page = read_page(body)
    assert [(one.number, one.raw) for one in page.orders] == [
        ("GOOD0001", GOOD),
        ("BROKEN01", raw),
        ("GOOD0001", GOOD),
    ]
    assert page.next_token == 't]"}'
    with pytest.raises(UnreadableDocument, match="unexpected_shape"):
        decode(raw)
    assert read_order(b'{"payload":%s}' % raw).raw == raw


BEYOND_MENDING = [
    b'{"payload":{"orders":[%s,{"a":"}]}}' % GOOD,
    b'{"payload":{"orders":[%s,{"a":[}]]}}' % GOOD,
    b'{"payload":{"orders":[%s,"\xff"]}' % GOOD,
    b'{"payload":{"orders":["\xff"]}} and more',
    b'{"payload":{"orders":["\xff"]},"errors":[{"code":"X"}]}',
    b'{"payload":{"orders":["\xff"],"pagination":{"nextToken":7}}}',
    b'{"payload":{"orders":{"a":"\xff"}}}',
    b'{"payload":{"other":["\xff"]}}',
    b'{"deeper":{"payload":{"orders":["\xff"]}}}',
    b'["\xff"]',
    b'"\xff',
    b"}\xff",
    b",\xff",
]


@pytest.mark.parametrize("body", BEYOND_MENDING)
def test_what_is_no_page_by_its_brackets_either_is_an_error(body: bytes) -> None:
    with pytest.raises(TransientError):
        read_page(body)


def test_a_number_is_the_orders_own_and_not_one_inside_it() -> None:
    raw = rb'{"x":{"purchaseOrderNumber":"INSIDE"},"purchaseOrderNumber":"OWN","y":"\ud800","purchaseOrderNumber" : "LAST"}'
    assert mending.text_at(raw, ("purchaseOrderNumber",)) == "LAST"
    assert mending.text_at(rb'{"purchaseOrderNumber":"A\ud800"}', ("purchaseOrderNumber",)) == ""
    assert mending.text_at(b'{"purchaseOrderNumber":["A"]}', ("purchaseOrderNumber",)) == ""


def test_taking_apart_keeps_pace_with_a_large_page() -> None:
    order = b'{"purchaseOrderNumber":"GOOD0001","items":[%s]}' % b",".join([b'{"a":"b","c":[1,2]}'] * 200)
    body = b'{"payload":{"orders":[%s,"\xff"]}}' % b",".join([order] * 100)
    parts = mending.take_apart(body, [("payload", "orders", mending.ELEMENT)])
    assert parts
    assert len(parts.values) == 101
    assert b'"orders":[0,1,2,' in parts.rest
