"""Which row of the table counts: as the rules say, and as a naive reader of them would find it."""

from itertools import product

import amazon_orders
import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import plan_of

from approdo.catalog.gtin import gtin14
from approdo.catalog.models import SkuRecoding
from approdo.catalog.recode import FALLBACKS, Code, Wanted, external_skus, own_skus

pytestmark = pytest.mark.django_db

EAN = "8001234567897"
ASIN = "B0TEST0001"
LINE = Code("ROSIT", "IT", "V-1", ASIN)


@pytest.fixture
def node():
    return amazon_orders.node()


def row(sku, external="V-1", kind="vendor_sku", **more):
    return SkuRecoding.objects.create(external=external, kind=kind, sku=sku, **more)


def own(node, line=LINE, fallbacks=()):
    found = own_skus(node.pk, [line], fallbacks).get(line)
    return found.sku if found else None


def test_of_rows_that_fit_vendor_code_comes_before_marketplace_before_node(node):
    ranked = [
        {"vendor_code": "ROSIT", "marketplace": "IT", "node": node},
        {"vendor_code": "ROSIT", "marketplace": "IT"},
        {"vendor_code": "ROSIT", "node": node},
        {"vendor_code": "ROSIT"},
        {"marketplace": "IT", "node": node},
        {"marketplace": "IT"},
        {"node": node},
        {},
    ]
    for place, fields in reversed(list(enumerate(ranked))):
        row(f"OWN-{place}", **fields)
        assert own(node) == f"OWN-{place}"


@pytest.mark.parametrize(
    "other", [{"vendor_code": "OTHER"}, {"marketplace": "DE"}, {"external": "v-1"}, {"kind": "asin"}]
)
def test_a_row_counts_only_where_each_field_that_it_gives_fits(node, other):
    row("WRONG", **{"node": node, **other})
    assert own(node) is None


def test_a_row_of_another_node_does_not_count(node):
    row("WRONG", node=amazon_orders.node("Other"))
    assert own(node) is None


def test_a_vendor_sku_comes_before_an_ean_before_an_asin_however_specific(node):
    line = LINE._replace(vendor_sku=EAN)
    row("BY-ASIN", ASIN, "asin", vendor_code="ROSIT", marketplace="IT", node=node)
    assert own(node, line) is None
    assert own(node, line, ["asin"]) == "BY-ASIN"
    row("BY-EAN", EAN, "ean", vendor_code="ROSIT")
    assert own(node, line, ["asin"]) == "BY-ASIN"
    assert own(node, line, ["ean", "asin"]) == "BY-EAN"
    row("BY-SKU", EAN)
    assert own(node, line, ["ean", "asin"]) == "BY-SKU"


@pytest.mark.parametrize("written", ["00012345678905", "0012345678905", "012345678905", "12345678905"])
@pytest.mark.parametrize("said", ["00012345678905", "012345678905", " 0012345678905 "])
def test_an_ean_is_the_same_with_and_without_leading_zeros(node, written, said):
    row("OWN", written, "ean")
    assert own(node, LINE._replace(vendor_sku=said), ["ean"]) == "OWN"


@pytest.mark.parametrize("said", ["8001234567890", "80012345678", "EAN8001234567897", "٨٠٠١٢٣٤٥٦٧٨٩٧", "00000000"])
def test_what_has_a_wrong_check_digit_or_is_no_number_is_no_ean(node, said):
    row("OWN", said, "ean")
    row("OTHER", EAN, "ean")
    assert gtin14(said) is None
    assert own(node, LINE._replace(vendor_sku=said, asin=said), ["ean"]) is None


def test_an_ean_that_stands_in_the_place_of_the_asin_is_one(node):
    row("OWN", EAN, "ean")
    assert own(node, LINE._replace(asin=EAN), ["ean"]) == "OWN"


def test_codes_are_compared_exactly_but_for_blanks_around_them(node):
    row("OWN", "a-1")
    assert own(node, LINE._replace(vendor_sku=" a-1\t")) == "OWN"
    assert own(node, LINE._replace(vendor_sku="A-1")) is None
    assert own(node, LINE._replace(vendor_sku="0a-1")) is None


def test_two_rows_for_one_ean_that_say_different_things_are_no_match(node):
    row("OWN", "012345678905", "ean")
    row("OWN", "00012345678905", "ean")
    line = LINE._replace(vendor_sku="012345678905")
    assert own(node, line, ["ean", "asin"]) == "OWN"
    row("OTHER", "0012345678905", "ean")
    row("BY-ASIN", ASIN, "asin")
    assert own(node, line, ["ean", "asin"]) is None


def test_nothing_else_can_be_ambiguous(node):
    for fields in ({"node": node}, {}, {"node": node, "vendor_code": "A"}, {"marketplace": "IT"}):
        row("OWN", **fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            row("OTHER", **fields)


def test_the_title_comes_with_the_own_sku(node):
    row("OWN", title="Caffettiera")
    assert own_skus(node.pk, [LINE])[LINE].title == "Caffettiera"


def test_a_page_of_a_thousand_codes_is_one_question(node, django_assert_num_queries):
    SkuRecoding.objects.bulk_create(SkuRecoding(external=f"V-{n}", sku=f"OWN-{n}") for n in range(1000))
    page = [LINE._replace(vendor_sku=f"V-{n}", asin=f"B{n:09}") for n in range(1000)]
    with django_assert_num_queries(1):
        found = own_skus(node.pk, page, FALLBACKS)
    assert {code.vendor_sku: own.sku for code, own in found.items()} == {f"V-{n}": f"OWN-{n}" for n in range(1000)}


def test_both_ways_go_through_the_index_of_what_is_asked_for(node, django_assert_num_queries):
    SkuRecoding.objects.bulk_create(SkuRecoding(external=f"V-{n}", sku=f"OWN-{n}", node=node) for n in range(2000))
    with django_assert_num_queries(2) as asked:
        own_skus(node.pk, [LINE])
        external_skus(node.pk, [Wanted("OWN-1", "", "")])
    plans = [plan_of(query["sql"]) for query in asked.captured_queries]
    for plan, indexes in zip(
        plans, (("sku_recoding_order", "sku_recoding_external"), ("sku_recoding_sku",)), strict=True
    ):
        assert any(index in plan for index in indexes), plan


def test_an_own_sku_back_into_the_most_specific_external_one(node):
    row("OWN", "GENERAL")
    row("OWN", "ITALIAN", marketplace="IT")
    row("OWN", "OF-ROSIT", vendor_code="ROSIT")
    row("OWN", ASIN, "asin", vendor_code="ROSIT", node=node)
    asked = [
        Wanted("OWN", "ROSIT", "IT"),
        Wanted("OWN", "OTHER", "IT"),
        Wanted(" OWN", "OTHER", "DE"),
        Wanted("NO", "", ""),
    ]
    assert list(external_skus(node.pk, asked).values()) == [("OF-ROSIT",), ("ITALIAN",), ("GENERAL",), ()]


def test_two_external_skus_for_one_own_sku_at_the_same_level_are_told(node):
    row("OWN", "A")
    row("OWN", "B")
    row("OWN", "C", node=node)
    ambiguous, clear = Wanted("OWN", "", ""), amazon_orders.node("Other")
    assert external_skus(clear.pk, [ambiguous])[ambiguous] == ("A", "B")
    assert external_skus(node.pk, [ambiguous])[ambiguous] == ("C",)


def naive(rows, node, line, fallbacks):
    """The rules, read one after the other."""
    numbers = [gtin14(line.vendor_sku), gtin14(line.asin)]
    tries = [("vendor_sku", [line.vendor_sku])]
    tries += [("ean", [number]) for number in numbers if number and "ean" in fallbacks]
    tries += [("asin", [line.asin])] if "asin" in fallbacks else []
    for kind, names in tries:
        same = [
            one
            for one in rows
            if one.kind == kind and (gtin14(one.external) if kind == "ean" else one.external) in names
        ]
        for vendor_code, marketplace, its_node in product(
            (line.vendor_code, ""), (line.marketplace, ""), (node.pk, None)
        ):
            fitting = {
                one.sku
                for one in same
                if (one.vendor_code, one.marketplace, one.node_id) == (vendor_code, marketplace, its_node)
            }
            if fitting:
                return fitting.pop() if len(fitting) == 1 else None
    return None


CODES = ["A", "a", "012345678905", "12345678905", "0012345678905", EAN, "8001234567890"]
ROW = st.tuples(
    st.sampled_from(CODES), st.sampled_from(["vendor_sku", "ean", "asin"]), st.sampled_from(["", "V1", "V2"]),
    st.sampled_from(["", "IT", "DE"]), st.sampled_from([None, 0, 1]),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, max_size=25, unique=True),
    fallbacks=st.sets(st.sampled_from(["ean", "asin"])),
    skus=st.lists(st.sampled_from(["X", "Y", "Z"]), min_size=25, max_size=25),
)
def test_a_naive_reader_of_the_rules_finds_the_same(node, rows, fallbacks, skus):
    nodes = [node, amazon_orders.Node.objects.filter(name="Other").first() or amazon_orders.node("Other")]
    SkuRecoding.objects.all().delete()
    table = [
        row(
            sku,
            external,
            kind,
            vendor_code=vendor_code,
            marketplace=marketplace,
            node=None if which is None else nodes[which],
        )
        for (external, kind, vendor_code, marketplace, which), sku in zip(rows, skus, strict=False)
    ]
    lines = [Code(*parts) for parts in product(["V1", "V3"], ["IT", "FR"], CODES, [*CODES[:3], "B0"])]
    found = own_skus(node.pk, lines, fallbacks)
    for line in lines:
        assert (found[line].sku if line in found else None) == naive(table, node, line, fallbacks), line
