"""`approdo apply` of SKU recodings and places: known by their key, all or nothing, twice as once."""

from pathlib import Path

import amazon_orders
import pytest

from approdo.catalog.models import Place, SkuRecoding
from approdo.cli.apply import apply
from approdo.cli.texts import Failure

RECODINGS = """sku_recodings:
  - {node: EU, vendor_code: ABCDE, marketplace: IT, external: "8001234567890", sku: ART-001}
  - {external: "8001234567890", sku: ART-002, title: Olio}
places:
  - {code: MXP5, name: Amazon MXP5, postal_code: "29015", country: IT, time_zone: Europe/Rome}
"""


@pytest.fixture(autouse=True)
def a_node(db):
    amazon_orders.node("EU")


@pytest.fixture
def applied(tmp_path: Path):
    def run(text: str, *, dry_run: bool = False) -> list[str]:
        file = tmp_path / "tables.yaml"
        file.write_text(text)
        return apply([file], dry_run=dry_run)

    return run


def test_rows_are_created_once_and_changed_by_their_key(applied):
    assert [line.split("  ")[0] for line in applied(RECODINGS, dry_run=True)] == ["created"] * 3
    assert not SkuRecoding.objects.exists()
    assert applied(RECODINGS) == [
        "created  SKU recoding “8001234567890 · IT · ABCDE · EU”",
        "created  SKU recoding “8001234567890”",
        "created  place “MXP5”",
    ]
    assert [line.split("  ")[0] for line in applied(RECODINGS)] == ["unchanged"] * 3
    changed = applied(RECODINGS.replace("ART-001", "ART-003").replace("Amazon MXP5", "Piacenza"))
    assert [line.split("  ")[0] for line in changed] == ["changed (sku)", "unchanged", "changed (name)"]
    assert SkuRecoding.objects.count() == 2


def test_what_a_row_leaves_out_keeps_its_value(applied):
    applied(RECODINGS)
    applied('sku_recodings: [{external: "8001234567890", sku: ART-009}]\n')
    assert SkuRecoding.objects.get(node=None).title == "Olio"
    assert Place.objects.get().name == "Amazon MXP5"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("sku_recodings: [{external: 8001234567890, sku: A}]", ["sku_recodings 1", "external: This has to be a text."]),
        ("sku_recodings: [{external: X, sku: A, node: Nowhere}]", ["node", "“Nowhere”"]),
        ("sku_recodings: [{external: X}]", ["sku"]),
        ("sku_recodings: [{external: X, sku: A, colour: red}]", ["colour"]),
        ("sku_recodings: [{external: X, sku: A}, {external: X, sku: B}]", ["sku_recodings 2", "twice"]),
        ("places: [{code: A, country: NO}]", ["country"]),
        ("places: [{code: A, time_zone: Rome}]", ["time_zone", "“Rome”"]),
        ("places: [{}]", ["places 1", "code"]),
        ('places: [{code: "1.2"}, {code: "1.2 "}]', ["places 2", "first as record 1"]),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_changed(applied, row, words):
    with pytest.raises(Failure) as failure:
        applied(f"time_ranges: [{{name: R, last: 7 days}}]\n{row}\n")
    assert all(word in str(failure.value) for word in words), str(failure.value)
    assert not SkuRecoding.objects.exists()
    assert not Place.objects.exists()
