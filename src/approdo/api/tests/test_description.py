"""The API describes itself wholly, and its page needs no other host."""

import re

import pytest
from django.contrib.staticfiles import finders

from approdo.api.tests.conftest import description


def operations():
    return [one for methods in description()["paths"].values() for one in methods.values()]


def test_every_route_is_described(db):
    found = operations()
    assert len(found) == 78
    for one in found:
        assert one["summary"]
        assert one["tags"]
        assert one["security"] == [{"Bearer": []}]
        assert "Scope: `" in one["description"]
        assert {"401", "403", "422", "500"} <= one["responses"].keys()
        for status, answer in one["responses"].items():
            given = list(answer["content"]) if status != "204" else []
            if int(status) >= 400:
                assert given == ["application/problem+json"]
            elif one["operationId"] == "export_documents":
                assert given == ["application/json", "application/xml", "text/csv"]
            else:
                assert given in ([], ["application/json"])


def test_every_address_in_a_path_is_a_described_parameter(db):
    for path, methods in description()["paths"].items():
        for one in methods.values():
            named = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_every_reference_leads_somewhere(db):
    schemas = description()["components"]["schemas"]
    for name in re.findall(r"#/components/schemas/(\w+)", str(description())):
        assert name in schemas


def test_the_page_is_served_without_other_hosts(client, db):
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "//" not in re.sub(r"<!--.*?-->", "", text).replace("</", "")
    sources = re.findall(r'(?:src|href)="/static/([^"]+)"', text)
    assert len(sources) >= 3
    for source in sources:
        assert finders.find(source), source


@pytest.mark.parametrize("word", ["client_secret", "refresh_token"])
def test_no_answer_is_described_with_a_secret(word, db):
    shown = description()["components"]["schemas"]["Node"]
    assert word not in str(shown)
