"""JSON: read back by the standard library it says the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from approdo.exchanges.formats import FORMATS, Batch
from approdo.exchanges.formats.tests.outgoing_documents import documents

pytestmark = pytest.mark.once


@settings(max_examples=100, deadline=None)
@given(documents)
def test_documents_come_back_from_json_as_they_went(given_documents: list[dict[str, Any]]) -> None:
    written = b"".join(FORMATS["json"].write(given_documents, {}, batch=Batch("42", "ERP «1»")))
    assert json.loads(written) == {
        "version": 1,
        "batch": "42",
        "connector": "ERP «1»",
        "documents": given_documents,
    }


def test_each_document_stands_on_a_line_of_its_own() -> None:
    written = b"".join(FORMATS["json"].write([{"id": 1, "title": "a\nb"}, {"id": 2}], {}))
    first, *rest = written.decode().splitlines()
    assert json.loads(first + "]}")["batch"] is None
    assert [json.loads(line.rstrip(",")) for line in rest[:-1]] == [{"id": 1, "title": "a\nb"}, {"id": 2}]
