"""The screens of SKU recodings and places: list, form, import with its preview, export, rights."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from plans import plan_of

from approdo.backoffice.uploads import TableUpload
from approdo.catalog.files.reading import read
from approdo.catalog.importing import plan
from approdo.catalog.models import Place, SkuRecoding
from approdo.catalog.tables import PLACES, RECODINGS

RECODING_LIST = "/catalog/skurecoding/"
PLACE_LIST = "/catalog/place/"
IMPORT = f"{RECODING_LIST}import/"


def recoding(external="X", sku="A", **more):
    return SkuRecoding.objects.create(external=external, sku=sku, **more)


def uploaded(client, text, address=IMPORT, name="table.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(address, {"file": SimpleUploadedFile(name, content)})


def confirmed(client, page, follow=True):
    text = page.content.decode()
    address = re.search(r'action="(/catalog/\w+/import/\d+/)"', text)[1]
    digest = re.search(r'name="digest" value="(\w+)"', text)[1]
    return client.post(address, {"digest": digest}, follow=follow)


def tiles(page):
    return [int(one) for one in re.findall(r"<b>(\d+)</b>", page.content.decode())]


def shown(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def listed(page):
    return [row.external for row in page.context["cl"].result_list]


def test_a_recoding_is_added_changed_and_deleted(admin_client, node):
    form = {
        "external": " X1 ",
        "kind": "ean",
        "sku": "A",
        "title": "",
        "node": node.pk,
        "vendor_code": "",
        "marketplace": "IT",
    }
    assert "not an EAN" in shown(admin_client.post(f"{RECODING_LIST}add/", form))
    assert not SkuRecoding.objects.exists()
    admin_client.post(f"{RECODING_LIST}add/", {**form, "kind": "vendor_sku"})
    made = SkuRecoding.objects.get()
    assert (made.external, made.node, made.marketplace) == ("X1", node, "IT")
    again = admin_client.post(f"{RECODING_LIST}add/", {**form, "kind": "vendor_sku", "sku": "B"})
    assert "already has a recoding" in shown(again)
    admin_client.post(f"{RECODING_LIST}{made.pk}/change/", {**form, "kind": "vendor_sku", "node": "", "sku": "C"})
    made.refresh_from_db()
    assert (made.node, made.sku) == (None, "C")
    admin_client.post(f"{RECODING_LIST}{made.pk}/delete/", {"post": "yes"})
    assert not SkuRecoding.objects.exists()


def test_a_place_that_somebody_changes_is_theirs(admin_client, db):
    place = Place.objects.create(code="MXP5", from_orders=True)
    form = {"code": "MXP5", "name": "", "address": "", "postal_code": "", "city": "", "country": "", "time_zone": ""}
    address = f"{PLACE_LIST}{place.pk}/change/"
    admin_client.post(address, form)
    place.refresh_from_db()
    assert place.from_orders
    assert "There is no time zone" in shown(admin_client.post(address, {**form, "time_zone": "Roma"}))
    admin_client.post(address, {**form, "name": "Piacenza", "country": "it"})
    place.refresh_from_db()
    assert (place.name, place.country, place.from_orders) == ("Piacenza", "IT", False)


def test_the_list_is_searched_from_the_beginning_and_filtered(admin_client, node):
    recoding("ABC-1", "OWN-1", node=node, vendor_code="V1", marketplace="IT")
    recoding("ABC-2", "OWN-2", kind="asin")
    recoding("XABC", "own-3")

    def found(**query):
        return listed(admin_client.get(RECODING_LIST, query))

    assert found() == ["ABC-1", "ABC-2", "XABC"]
    assert found(q="abc") == ["ABC-1", "ABC-2"]
    assert found(q="OWN-2") == ["ABC-2"]
    assert found(q="BC") == []
    assert found(node=node.pk) == ["ABC-1"]
    assert found(node="every") == ["ABC-2", "XABC"]
    assert found(vendor_code="V1") == found(marketplace="IT") == ["ABC-1"]
    assert found(marketplace="every", kind="vendor_sku") == ["XABC"]
    assert found(node="x") == found()


def test_the_list_of_places_shows_which_have_no_name(admin_client, db):
    Place.objects.create(code="MXP5", from_orders=True)
    Place.objects.create(code="BER8", name="Berlin")
    page = admin_client.get(PLACE_LIST)
    assert "1 code has no name yet." in shown(page)
    assert "No name yet" in shown(page)
    assert [
        page.context["cl"].model_admin.source(one) for one in (Place(code="A"), *Place.objects.order_by("name"))
    ] == [
        "",
        "Orders",
        "Entered here",
    ]
    assert [row.code for row in admin_client.get(PLACE_LIST, {"named": "no"}).context["cl"].result_list] == ["MXP5"]
    assert [row.code for row in admin_client.get(PLACE_LIST, {"q": "berl"}).context["cl"].result_list] == ["BER8"]


def test_empty_tables_say_what_they_are_for_and_how_to_begin(admin_client, db):
    for address in (RECODING_LIST, PLACE_LIST):
        page = admin_client.get(address)
        assert "import them from a spreadsheet" in shown(page)
        assert f"{address}import/" in page.content.decode()


def test_an_import_shows_what_it_would_do_and_then_does_it(admin_client, node):
    recoding("X1", "A1", title="Olio <b>")
    recoding("X2", "A2")
    page = uploaded(
        admin_client, "external;sku;node;Marca\nX1;B1;;m\nX2;A2;;m\nX3;A3;Amazon Vendor EU;m\n12;A;Nowhere;m\n"
    )
    assert tiles(page) == [1, 1, 1, 1]
    text = shown(page)
    assert "Marca" in text
    assert "A1 → B1" in text.replace("  ", " ")
    assert "Node: There is no node called “Nowhere”." in re.sub(r" +", " ", text)
    assert SkuRecoding.objects.count() == 2
    done = confirmed(admin_client, page)
    assert done.redirect_chain[-1][0] == RECODING_LIST
    assert "1 row added, 1 row changed, 1 line left out." in shown(done)
    assert SkuRecoding.objects.get(external="X1").sku == "B1"
    assert SkuRecoding.objects.get(external="X1").title == "Olio <b>"
    assert not TableUpload.objects.exists()


def test_a_table_that_changed_since_the_preview_is_shown_anew_and_then_imported(admin_client, db):
    recoding("X1", "A1")
    page = uploaded(admin_client, "external;sku\nX1;B1\nX2;B2\n")
    SkuRecoding.objects.update(sku="OTHER")
    anew = confirmed(admin_client, page)
    assert "The table changed since the preview" in shown(anew)
    assert "OTHER → B1" in re.sub(r" +", " ", shown(anew))
    assert SkuRecoding.objects.get().sku == "OTHER"
    confirmed(admin_client, anew)
    assert SkuRecoding.objects.get(external="X1").sku == "B1"


def test_a_preview_is_confirmed_once_and_by_whoever_saw_it(admin_client, clerk_client, db):
    page = uploaded(admin_client, "external;sku\nX1;B1\n")
    other = clerk_client("view_skurecoding", "add_skurecoding", "change_skurecoding")
    assert "This preview is gone" in shown(confirmed(other, page))
    assert not SkuRecoding.objects.exists()


def test_a_confirmed_preview_is_gone(admin_client, db):
    page = uploaded(admin_client, "external;sku\nX1;B1\n")
    confirmed(admin_client, page)
    assert "This preview is gone" in shown(confirmed(admin_client, page))
    assert SkuRecoding.objects.count() == 1


def test_previews_that_nobody_confirmed_go_after_a_day(admin_client, db):
    uploaded(admin_client, "external;sku\nX1;B1\n")
    TableUpload.objects.update(at=timezone.now() - timedelta(days=1, seconds=1))
    uploaded(admin_client, "external;sku\nX1;B1\n", name="second.csv")
    assert [one.file_name for one in TableUpload.objects.all()] == ["second.csv"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "file is empty"),
        (b"external;title\nX;t\n", "does not name the columns Own SKU"),
        (b"PK\x03\x04", "cannot be read"),
        (b"\x89PNG\0", "neither CSV nor XLSX"),
    ],
)
def test_what_is_no_table_is_said_beside_the_field(admin_client, content, words):
    page = uploaded(admin_client, content)
    assert words in shown(page)
    assert not TableUpload.objects.exists()
    assert "This field is required" in shown(admin_client.post(IMPORT, {}))


def test_long_previews_name_the_first_few_hundred_and_count_the_rest(admin_client, db):
    text = "external;sku\n" + "".join(f"X{n};A\n" for n in range(400)) + ";A\n" * 400
    page = uploaded(admin_client, text)
    assert tiles(page) == [400, 0, 0, 400]
    assert page.content.decode().count("<tr>") < 620
    assert shown(page).count("and 100 more") == 2


def test_nothing_to_do_offers_nothing_to_confirm(admin_client, db):
    recoding()
    page = uploaded(admin_client, "external;sku\nX;A\n")
    assert "nothing to import" in shown(page)
    assert "Confirm the import" not in shown(page)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_as_filtered_is_exported_and_imports_as_unchanged(admin_client, node, kind):
    recoding("=X1", "A1", node=node, title="città")
    recoding("X2", "A2")
    Place.objects.create(code="MXP5", name="Piacenza", from_orders=True)

    def exported(address, table, query=""):
        answer = admin_client.get(f"{address}export/{kind}/{query}")
        assert f'-{timezone.localdate():%Y-%m-%d}.{kind}"' in answer["Content-Disposition"]
        return plan(table, read(table, b"".join(answer.streaming_content)).lines)

    assert exported(RECODING_LIST, RECODINGS).unchanged == 2
    assert exported(RECODING_LIST, RECODINGS, f"?node={node.pk}").unchanged == 1
    assert exported(RECODING_LIST, RECODINGS, "?q=x").unchanged == 1
    assert exported(PLACE_LIST, PLACES).unchanged == 1


def test_the_template_names_the_columns(admin_client, db):
    answer = admin_client.get(f"{PLACE_LIST}template/csv/", headers={"Accept-Language": "it"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text == "Codice;Nome;Indirizzo;CAP;Città;Paese;Fuso orario\r\n"
    book = BytesIO(b"".join(admin_client.get(f"{PLACE_LIST}template/xlsx/").streaming_content))
    assert read(PLACES, book.getvalue()).lines == []
    assert admin_client.get(f"{PLACE_LIST}template/exe/").status_code == 404


def test_who_may_only_look_sees_and_exports_and_changes_nothing(clerk_client, db):
    made = recoding("X1", "A1", title="Olio")
    client = clerk_client("view_skurecoding")
    page = client.get(RECODING_LIST)
    assert "X1" in page.content.decode()
    assert IMPORT not in page.content.decode()
    assert "Save and close" not in shown(client.get(f"{RECODING_LIST}{made.pk}/change/"))
    assert client.get(f"{RECODING_LIST}export/csv/").status_code == 200
    assert client.get(IMPORT).status_code == 403
    assert uploaded(client, "external;sku\nX1;B\n").status_code == 403
    assert client.post(f"{IMPORT}1/").status_code == 403
    assert client.get(f"{PLACE_LIST}export/csv/").status_code == 403
    assert client.get(PLACE_LIST).status_code == 403
    assert SkuRecoding.objects.get().sku == "A1"


def test_an_import_needs_the_right_to_add_and_the_right_to_change(clerk_client, db):
    client = clerk_client("view_skurecoding", "add_skurecoding")
    assert client.get(IMPORT).status_code == 403


def test_a_node_that_recodings_use_stays(admin_client, node):
    recoding("X1", node=node)
    page = admin_client.get(f"/nodes/node/{node.pk}/delete/", follow=True)
    assert "SKU recoding “X1”" in shown(page)


def test_the_menu_has_both_tables(admin_client, db):
    page = admin_client.get("/", headers={"Accept-Language": "it"})
    text = shown(page)
    assert "Processi › Conversioni" in text
    assert "Ricodifica SKU" in text
    assert "Centri logistici" in text


def queries(client, **query):
    with CaptureQueriesContext(connection) as captured:
        client.get(RECODING_LIST, query)
    return [one["sql"] for one in captured if '"catalog_skurecoding"' in one["sql"]]


def test_the_list_walks_an_index_and_the_search_looks_into_two(admin_client, node):
    recoding("X1", node=node)
    for query in ({}, {"vendor_code": "V"}, {"marketplace": "IT", "kind": "ean"}):
        [page] = queries(admin_client, **query)
        plan = plan_of(page)
        assert re.search("sku_recoding_(external|order)", plan), plan
        assert not re.search("Sort|TEMP B-TREE", plan), plan
    *searches, _page = queries(admin_client, q="x1")
    assert len(searches) == 4
    for one in searches:
        assert re.search("sku_recoding_(external|order|sku)", plan_of(one)), plan_of(one)
