"""Plans: what they say is what is done, and nothing is done where the table changed meanwhile."""

from io import BytesIO

import amazon_orders
import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approdo.catalog.files.reading import read
from approdo.catalog.files.sheet import packed, unpacked
from approdo.catalog.files.writing import csv_parts, write_xlsx
from approdo.catalog.importing import carry_out, plan
from approdo.catalog.models import Place, SkuRecoding
from approdo.catalog.tables import PLACES, RECODINGS
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db


@pytest.fixture
def node(db):
    return amazon_orders.node("EU")


def planned(text, table=RECODINGS):
    return plan(table, read(table, text.encode()).lines)


def recoding(external="X", sku="A", **more):
    return SkuRecoding.objects.create(external=external, sku=sku, **more)


def counts(found):
    return found.added, found.changed, found.unchanged, found.refused


def rows():
    return set(SkuRecoding.objects.values_list("node__name", "vendor_code", "marketplace", "external", "sku", "title"))


def test_rows_are_told_apart_by_their_whole_key(node):
    recoding(title="every node")
    recoding(node=node, title="one node")
    recoding(node=node, marketplace="IT")
    found = planned("node;marketplace;external;sku\n;;X;B\nEU;;X;A\nEU;it;X;C\nEU;DE;X;D\n")
    assert counts(found) == (1, 2, 1, 0)
    assert SkuRecoding.objects.filter(sku="A").count() == 3
    carry_out(found)
    assert rows() == {
        (None, "", "", "X", "B", "every node"),
        ("EU", "", "", "X", "A", "one node"),
        ("EU", "", "IT", "X", "C", ""),
        ("EU", "", "DE", "X", "D", ""),
    }


def test_a_column_that_the_file_has_can_empty_and_one_that_it_lacks_cannot(node):
    recoding(title="Olio")
    assert counts(planned("external;sku\nX;A\n")) == (0, 0, 1, 0)
    found = planned("external;sku;title\nX;A;\n")
    (change,) = found.changes
    assert found.shown(change.before)["title"] == "Olio"
    assert found.shown(change.after)["title"] == ""
    carry_out(found)
    assert SkuRecoding.objects.get().title == ""


def test_lines_of_one_code_are_refused_unless_they_say_the_same(node):
    found = planned("external;sku\nX;A\nX;B\nX;A\n X ;A\n")
    assert counts(found) == (1, 0, 2, 1)
    assert found.refusals[0].line == 3
    assert "Line 2" in found.refusals[0].problems[0][1]


def test_everything_wrong_with_a_line_is_said_at_once(node):
    found = planned("node;marketplace;kind;external;sku\nNowhere;UK;isbn;X;\n;;ean;8001234567891;A\n;;;8.1E+12;\n")
    assert counts(found) == (0, 0, 0, 3)
    columns = [{name for name, _text in one.problems} for one in found.refusals]
    assert columns == [{"node", "marketplace", "kind", "sku"}, {"external"}, {"external", "sku"}]


def test_refusals_are_said_in_the_readers_language(node):
    with translation.override("it"):
        found = planned("external;sku;kind\n123;A;ean\n")
    assert "cifre" in found.refusals[0].problems[0][1]


def test_many_refusals_are_counted_and_the_first_are_kept(node):
    found = planned("external;sku\n" + "X;\n" * 1000)
    assert (found.refused, len(found.refusals)) == (1000, 300)


@pytest.mark.parametrize("meanwhile", ["changed", "deleted", "moved", "made"])
def test_a_plan_that_no_longer_holds_does_nothing(node, meanwhile):
    first, second = recoding("X1"), recoding("X2")
    found = planned("external;sku\nX1;B\nX2;B\nX3;B\n")
    match meanwhile:
        case "changed":
            SkuRecoding.objects.filter(pk=second.pk).update(sku="C")
        case "deleted":
            second.delete()
        case "moved":
            SkuRecoding.objects.filter(pk=second.pk).update(node=node)
        case "made":
            recoding("X3")
    before = rows()
    with pytest.raises(ConfigError, match="table_changed"):
        carry_out(found)
    assert rows() == before
    again = planned("external;sku\nX1;B\nX2;B\nX3;B\n")
    assert again.digest != found.digest
    carry_out(again)
    assert SkuRecoding.objects.get(pk=first.pk).sku == "B"


def test_a_plan_has_the_same_digest_as_long_as_it_does_the_same(node):
    recoding()
    text = "external;sku\nX;B\nY;C\n"
    with translation.override("it"):
        assert planned(text).digest == planned(text).digest
    recoding("Z")
    assert planned(text).digest == planned(text).digest
    assert planned(text.replace("C", "D")).digest != planned(text).digest


def test_an_imported_place_is_no_longer_only_from_orders(node):
    Place.objects.create(code="MXP5", from_orders=True)
    Place.objects.create(code="BER8", from_orders=True)
    carry_out(planned("code;name\nMXP5;Piacenza\nBER8;\nFCO1;Roma\n", PLACES))
    assert dict(Place.objects.values_list("code", "from_orders")) == {"MXP5": False, "BER8": True, "FCO1": False}


def test_a_sheet_is_kept_and_taken_up_again(node):
    found = read(RECODINGS, b"external;sku;Nota\nX;A;n\n8E+12;B;n\n")
    assert unpacked(packed(found)) == found


def test_a_recoding_of_the_same_key_is_refused_for_every_node_too(node):
    for owner in (node, None):
        recoding("Y", node=owner)
        with pytest.raises(ValidationError, match="already has a recoding"):
            SkuRecoding(external=" Y ", sku="B", node=owner).full_clean()


CODES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8).map(str.strip) | st.sampled_from(
    [
        "=1+1",
        "+39",
        "-5",
        "@x",
        "'",
        "''a",
        "8.00123E+12",
        "8001234567890.0",
        "007",
        "1E+5",
        ";",
        '"',
        'a"b',
        "TRUE",
        "1.0",
    ]
)
TITLES = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | CODES


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("036000291452", "0036000291452"),
        ("00036000291452", "0036000291452"),
        ("8001090310156", "8001090310156"),
        ("96385074", "96385074"),
        ("0000096385074", "96385074"),
        ("10012345678902", "10012345678902"),
    ],
)
def test_an_article_number_has_one_spelling_however_it_is_entered(db, given, kept):
    row = SkuRecoding(kind="ean", external=given, sku="A")
    row.full_clean()
    assert row.external == kept


EANS = st.sampled_from(["8001090310156", "00000000", "036000291452"])


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["", "IT", "DE"]), CODES, CODES, TITLES), max_size=8),
    st.lists(EANS, max_size=2),
    st.sampled_from(["en", "it"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_exported_imports_as_unchanged(node, given_rows, eans, language):
    SkuRecoding.objects.all().delete()
    made = [SkuRecoding(node=node if own else None, marketplace=place, external=code, sku=sku, title=title)
            for own, place, code, sku, title in given_rows]  # fmt: skip
    made += [SkuRecoding(kind="ean", external=ean, sku="A") for ean in eans]
    for row in made:
        try:
            row.full_clean()
        except ValidationError:
            continue
        row.save()
    unharmed_by_files(RECODINGS, language)


@given(st.lists(st.tuples(CODES, TITLES, TITLES), max_size=6), st.sampled_from(["en", "it"]))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exported_places_import_as_unchanged(node, given_rows, language):
    Place.objects.all().delete()
    for code, name, address in given_rows:
        place = Place(code=code, name=name, address=address, time_zone="Europe/Rome", country="it", from_orders=True)
        try:
            place.full_clean()
        except ValidationError:
            continue
        place.save()
    unharmed_by_files(PLACES, language)


def test_what_came_with_an_order_imports_as_unchanged_whatever_its_spaces(db):
    Place.objects.create(code="MXP5", name=" Amazon  MXP5 ", address="Via Uno\n1", country="it", from_orders=True)
    unharmed_by_files(PLACES, "en")


def unharmed_by_files(table, language):
    with translation.override(language):
        as_csv = b"".join(csv_parts(table, table.rows().iterator()))
        book = BytesIO()
        write_xlsx(table, table.rows().iterator(), book)
    for content in (as_csv, book.getvalue()):
        sheet = read(table, content)
        assert sheet.ignored == []
        found = plan(table, sheet.lines)
        assert counts(found) == (0, 0, table.rows().count(), 0), (found.changes, found.refusals)


def test_no_cell_of_an_export_begins_like_a_formula(node):
    for number, code in enumerate(["=1+1", "+1", "-1", "@SUM(A1)", "'x"]):
        recoding(code, sku=f"{code}{number}", title=f" {code}".strip())
    text = b"".join(csv_parts(RECODINGS, RECODINGS.rows())).decode("utf-8-sig")
    cells = [cell for line in text.splitlines()[1:] for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'=1+1", "''x"} <= set(cells)


def test_an_export_is_written_for_spreadsheets_of_the_readers_language(node):
    recoding(title="città")
    with translation.override("it"):
        italian = b"".join(csv_parts(RECODINGS, RECODINGS.rows()))
    assert italian.decode() == (
        "\ufeffNodo;Codice fornitore;Marketplace;Tipo di codice;SKU esterno;SKU proprio;Titolo\r\n"
        ";;;vendor_sku;X;A;città\r\n"
    )
    assert b"Node,Vendor code" in b"".join(csv_parts(RECODINGS, RECODINGS.rows()))
