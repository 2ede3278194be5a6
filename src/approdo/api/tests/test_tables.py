"""SKU recodings and places: made, read, found, changed, deleted, imported."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approdo.api.tests.conftest import escaped, node_body
from approdo.catalog.models import Place, SkuRecoding

RECODING = {
    "node": "EU",
    "vendor_code": "ABCDE",
    "marketplace": "IT",
    "kind": "vendor_sku",
    "external": "8001234567890",
    "sku": "ART-001",
    "title": "Olio",
}
PLACE = {
    "code": "MXP5",
    "name": "Amazon MXP5",
    "address": "Via Uno 1",
    "postal_code": "29015",
    "city": "Castel San Giovanni",
    "country": "IT",
    "time_zone": "Europe/Rome",
}
BODIES = {"/sku-recodings": RECODING, "/places": PLACE}
CSV = "text/csv"


@pytest.fixture(autouse=True)
def a_node(caller):
    assert caller.post("/nodes", node_body("EU")).status == 201


@pytest.mark.parametrize("path", BODIES)
def test_a_row_is_made_read_changed_and_deleted(path, caller):
    made = caller.post(path, BODIES[path])
    assert made.status == 201, made.text
    assert made.data.items() >= BODIES[path].items()
    location = made.headers["Location"].removeprefix("/api/v1")
    assert caller.get(location).data == made.data
    assert caller.get(path).data["items"] == [made.data]
    column = "title" if path == "/sku-recodings" else "name"
    changed = caller.patch(location, {column: " Another  one "})
    assert (changed.status, changed.data) == (200, {**made.data, column: "Another one"})
    assert caller.delete(location).status == 204
    assert caller.get(location).status == 404


def test_a_recoding_for_everything_needs_two_fields(caller):
    made = caller.post("/sku-recodings", {"external": "X", "sku": "A"}).data
    del made["id"]
    assert made == {
        "node": None, "vendor_code": "", "marketplace": "", "kind": "vendor_sku",
        "external": "X", "sku": "A", "title": "",
    }  # fmt: skip


@pytest.mark.parametrize("node", ["EU", None])
def test_the_same_key_is_taken_once(node, caller):
    body = {**RECODING, "node": node}
    caller.post("/sku-recodings", body)
    again = caller.post("/sku-recodings", {**body, "sku": "OTHER"})
    assert (again.status, again.data["code"]) == (409, "row_exists")
    assert "“ART-001”" in again.data["errors"][0]["message"]
    other = caller.post("/sku-recodings", {**body, "marketplace": "DE"}).data
    assert caller.patch(f"/sku-recodings/{other['id']}", {"marketplace": "IT"}).status == 409
    assert SkuRecoding.objects.filter(sku="ART-001").count() == 2


def test_a_place_is_reached_by_its_code_and_taken_once(caller):
    made = caller.post("/places", {**PLACE, "code": "A/B 1"}).data
    assert caller.get(f"/places/{escaped('A/B 1')}").data == made
    assert caller.get(f"/places/{made['id']}").data == made
    assert caller.post("/places", {"code": " A/B 1 "}).data["code"] == "row_exists"
    assert caller.get("/places/nowhere").status == 404
    assert caller.get("/sku-recodings/nowhere").status == 404


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/sku-recodings", "external", "  "),
        ("/sku-recodings", "external", "A\tB"),
        ("/sku-recodings", "external", "A\u200bB"),
        ("/sku-recodings", "external", "x" * 101),
        ("/sku-recodings", "sku", ""),
        ("/sku-recodings", "sku", 5),
        ("/sku-recodings", "sku", None),
        ("/sku-recodings", "node", "Nowhere"),
        ("/sku-recodings", "marketplace", "UK"),
        ("/sku-recodings", "marketplace", "Italy"),
        ("/sku-recodings", "kind", "isbn"),
        ("/sku-recodings", "from_orders", True),
        ("/places", "code", ""),
        ("/places", "country", "ITA"),
        ("/places", "country", "1T"),
        ("/places", "time_zone", "Rome"),
        ("/places", "name", "A\x01B"),
        ("/places", "from_orders", True),
    ],
)
def test_bad_values_name_their_field_and_change_nothing(path, field, value, caller):
    made = caller.post(path, BODIES[path]).data
    fresh = {**BODIES[path], "external": "new"} if path == "/sku-recodings" else {**BODIES[path], "code": "new"}
    for answer in (caller.post(path, {**fresh, field: value}), caller.patch(f"{path}/{made['id']}", {field: value})):
        assert answer.status == 422, answer.text
        assert [one["field"] for one in answer.data["errors"]] == [field]
    assert caller.get(path).data["items"] == [made]


@pytest.mark.parametrize("value", ["40063812", "036000291452", "8001090310156", "18001090310156"])
def test_an_ean_has_8_12_13_or_14_digits_of_which_the_last_is_right(value, caller):
    body = {"kind": "ean", "sku": "A"}
    assert caller.post("/sku-recodings", {**body, "external": value[:-1] + check(value[:-1])}).status == 201
    wrong = value[:-1] + str((int(check(value[:-1])) + 1) % 10)
    for bad in (wrong, value + "0000000", value[:-1] + "x", f"{value}.0"):
        assert caller.post("/sku-recodings", {**body, "external": bad}).data["errors"][0]["field"] == "external"


def check(digits: str) -> str:
    weighted = sum(int(one) * weight for one, weight in zip(digits[::-1], [3, 1] * 7, strict=False))
    return str((10 - weighted % 10) % 10)


def test_an_asin_is_ten_letters_and_digits_in_upper_case(caller):
    body = {"kind": "asin", "sku": "A"}
    assert caller.post("/sku-recodings", {**body, "external": " b07xyz1234"}).data["external"] == "B07XYZ1234"
    for bad in ("B07XYZ123", "B07XYZ12345", "B07-YZ1234"):
        assert caller.post("/sku-recodings", {**body, "external": bad}).status == 422


def test_lists_are_filtered_and_paged(caller):
    for number in range(5):
        caller.post("/sku-recodings", {"external": f"X{number}", "sku": "A" if number % 2 else "B"})
    caller.post("/sku-recodings", RECODING)

    def found(**wanted):
        externals, cursor = [], {}
        while cursor is not None:
            page = caller.get("/sku-recodings", limit=2, **cursor, **wanted).data
            externals += [one["external"] for one in page["items"]]
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        return externals

    assert found() == ["X0", "X1", "X2", "X3", "X4", "8001234567890"]
    assert found(sku="A") == ["X1", "X3"]
    assert found(external="X2") == ["X2"]
    for wanted in ({"node": "EU"}, {"vendor_code": "ABCDE"}, {"marketplace": "IT"}):
        assert found(**wanted) == ["8001234567890"]
    caller.post("/places", PLACE)
    caller.post("/places", {"code": "BER8", "country": "DE"})
    assert [one["code"] for one in caller.get("/places", country="DE").data["items"]] == ["BER8"]
    assert [one["code"] for one in caller.get("/places", code="MXP5").data["items"]] == ["MXP5"]
    for bad in ({"node": "Nowhere"}, {"title": "x"}, {"cursor": "x"}, {"limit": 0}):
        assert caller.get("/sku-recodings", **bad).status == 422


def test_a_node_that_recodings_use_stays_and_names_them(caller):
    recoding = caller.post("/sku-recodings", RECODING).data
    answer = caller.delete("/nodes/EU")
    assert (answer.status, answer.data["code"]) == (409, "record_in_use")
    assert "SKU recoding “8001234567890”" in answer.data["detail"]
    caller.delete(f"/sku-recodings/{recoding['id']}")
    assert caller.delete("/nodes/EU").status == 204


def test_what_somebody_changes_is_no_longer_only_from_orders(caller):
    Place.objects.create(code="MXP5", from_orders=True)
    assert caller.patch("/places/MXP5", {"code": "MXP5"}).data["from_orders"] is True
    assert caller.patch("/places/MXP5", {"name": "Piacenza"}).data["from_orders"] is False


def test_tables_need_the_right_scope(caller_with, connector):
    from approdo.processes.models import Connector

    reader, bound = caller_with("settings:read"), caller_with("settings:write", connector=Connector.objects.get())
    for path, body in BODIES.items():
        assert reader.get(path).status == 200
        assert reader.post(path, body).status == 403
        assert reader.send("POST", f"{path}/import", b"code\nA", CSV).status == 403
        assert bound.get(path).status == 403
        assert bound.send("POST", f"{path}/import", b"code\nA", CSV).status == 403


def test_a_csv_is_planned_and_then_imported(caller):
    kept = caller.post("/sku-recodings", {"external": "X1", "sku": "A1", "title": "Kept"}).data
    caller.post("/sku-recodings", {"external": "X2", "sku": "A2"})
    body = b"SKU esterno;SKU proprio;Marca\nX1;B1;m\nX2;A2;\n\nX3;A3;\n"
    dry = caller.send("POST", "/sku-recodings/import?dry_run=true", body, CSV)
    assert dry.status == 200, dry.text
    counts = {name: dry.data[name] for name in ("added", "changed", "unchanged", "refused")}
    assert counts == {"added": 1, "changed": 1, "unchanged": 1, "refused": 0}
    assert dry.data["ignored_columns"] == ["Marca"]
    first, second = dry.data["changes"]
    assert (first["line"], first["before"]["sku"], first["after"]["sku"]) == (2, "A1", "B1")
    assert first["after"]["title"] == "Kept"
    assert (second["line"], second["before"], second["after"]["external"]) == (5, None, "X3")
    assert SkuRecoding.objects.count() == 2
    done = caller.send("POST", "/sku-recodings/import", body, CSV)
    assert done.data == {**dry.data, "dry_run": False}
    assert caller.get(f"/sku-recodings/{kept['id']}").data == {**kept, "sku": "B1"}
    again = caller.send("POST", "/sku-recodings/import", body, CSV).data
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 3)


def test_a_list_in_json_is_imported_whole_or_not_at_all(caller):
    rows = [{"code": "MXP5", "name": "Piacenza"}, {"code": "", "name": "x"}, {"code": "BER8", "colour": 5}, {"code": 7}]
    refused = caller.post("/places/import", rows)
    assert (refused.status, refused.data["code"]) == (422, "import_refused")
    assert [one["field"] for one in refused.data["errors"]] == ["2.code", "3.colour", "4.code"]
    assert not Place.objects.exists()
    done = caller.post("/places/import?skip_refused=true", rows)
    assert (done.data["added"], done.data["refused"]) == (1, 3)
    assert Place.objects.get().name == "Piacenza"


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"code\nA", "application/xml", 415),
        (b"{}", "application/json", 422),
        (b"[", "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"\n", CSV, 422),
        (b"name\nA", CSV, 422),
        (b"PK\x03\x04broken", "application/octet-stream", 422),
        (b"\x00\x01\x02", CSV, 422),
        (b'code\n"A', CSV, 422),
        (b"code;codice\nA;B", CSV, 422),
        (b"x" * 30_000_001, CSV, 413),
    ],
)
def test_what_is_no_table_is_refused_whole(body, media_type, status, caller):
    answer = caller.send("POST", "/places/import", body, media_type)
    assert answer.status == status, answer.text
    assert answer.data["detail"]
    assert not Place.objects.exists()


WORDS = ["code", "name", "country", "time_zone", "external", "sku", "kind", "node", "marketplace", "title"]
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["EU", "ean", "IT", "A", []])
ROWS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6)


@pytest.mark.parametrize("path", BODIES)
@given(row=ROWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_is_taken_or_refused_by_both_ways_alike(path, row, caller):
    raw = json.dumps(row).encode()
    many = caller.send("POST", f"{path}/import?dry_run=true", b"[" + raw + b"]")
    one = caller.send("POST", path, raw)
    if one.status == 201:
        assert many.data["added"] == 1
        assert many.data["changes"][0]["after"].items() <= one.data.items()
        assert caller.delete(f"{path}/{one.data['id']}").status == 204
    else:
        assert one.status in (400, 422), one.text
        assert many.status in (400, 422) or many.data["refused"] == 1, (row, one.text)
