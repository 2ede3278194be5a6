"""Two spellings of one order have the same canonical bytes, two orders never."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approdo.connectors.amazon_vendor.wire.values import DIGITS, plain, to_amount, to_whole
from approdo.connectors.amazon_vendor.wire.vendor_orders import canonical
from approdo.sdk.errors import UnreadableDocument

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
SIMPLE = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
JSON = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def net_cost(amount: str) -> bytes:
    return b'{"items":[{"netCost":{"amount":%s,"currencyCode":"EUR"}}]}' % amount.encode()


@pytest.mark.parametrize(
    "spelling",
    ['"1.1"', '"1.10"', "1.1", "1.10", '"110e-2"', '"0.11E1"', "11e-1", '" 1.1 "', '"+01.1"'],
)
def test_a_decimal_is_the_same_however_it_is_spelled(spelling: str) -> None:
    assert canonical(net_cost(spelling)) == canonical(net_cost('"1.1"'))


@pytest.mark.parametrize("spelling", ['"1.11"', '"-1.1"', '"11"', '"x"', "null", '"1.1e3"'])
def test_other_amounts_are_other_orders(spelling: str) -> None:
    assert canonical(net_cost(spelling)) != canonical(net_cost('"1.1"'))


@given(AMOUNTS, st.integers(-6, 6), st.integers(0, 6))
def test_shifting_the_exponent_changes_nothing(amount: Decimal, shift: int, zeros: int) -> None:
    shifted = f"{amount.scaleb(shift)}e{-shift}" if "E" not in str(amount.scaleb(shift)) else "0"
    padded = f"{amount:f}{'0' * zeros}"
    assert canonical(net_cost(json.dumps(padded))) == canonical(net_cost(json.dumps(f"{amount:f}")))
    if shifted != "0":
        assert plain(shifted) == plain(str(amount))


@given(AMOUNTS)
def test_an_amount_keeps_its_value(amount: Decimal) -> None:
    assert to_amount(str(amount), "netCost.amount") == amount
    assert Decimal(plain(str(amount))) == amount


@given(st.one_of(JSON, st.decimals().map(str), st.from_regex(r"-?\d+(\.\d+)?e-?\d+").map(str)))
def test_any_value_is_an_exact_amount_or_is_refused(value: Any) -> None:
    try:
        amount = to_amount(value, "netCost.amount")
    except UnreadableDocument:
        return
    assert amount is None or amount == Decimal(str(value).strip())
    assert amount is None or len(f"{amount:f}") < 2 * (DIGITS + 100)


@given(st.integers(-(10**9), 10**9))
def test_a_quantity_may_be_a_number_or_a_text(quantity: int) -> None:
    for written in (quantity, str(quantity), Decimal(quantity), f"{quantity}.0"):
        assert to_whole(written, "orderedQuantity.amount") == quantity


@given(JSON)
def test_key_order_and_nulls_do_not_count(value: Any) -> None:
    def otherwise(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {key: otherwise(inner[key]) for key in reversed(inner)} | {"absent!": None}
        return [otherwise(one) for one in inner] if isinstance(inner, list) else inner

    raw = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    again = json.dumps(otherwise(value), ensure_ascii=True, indent=1)
    if raw.decode() == json.dumps(value, ensure_ascii=False):
        assert canonical(again.encode()) == canonical(raw)
        assert canonical(canonical(raw)) == canonical(raw)


def test_lists_keep_their_order() -> None:
    assert canonical(b"[1,2]") != canonical(b"[2,1]")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b"1e99999999999999999999999"])
def test_what_cannot_be_parsed_stays_as_it_is(raw: bytes) -> None:
    assert canonical(raw) == raw
