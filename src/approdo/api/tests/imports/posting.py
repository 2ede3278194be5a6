"""Posting as an ERP does."""

from posted import as_json, as_xml

from approdo.api.tests.conftest import escaped
from approdo.sales.models import SaleDocument

ERP = {"name": "Fatture dal gestionale", "node": "Gestionale", "type": "api.import_documents"}
ADDRESS = f"/imports/{escaped(ERP['name'])}"


def post(caller, *documents, **headers):
    answer = caller.send("POST", ADDRESS, as_json(*documents), **headers)
    assert answer.status == 200, answer.text
    return answer.data["items"]


def post_xml(caller, *documents):
    answer = caller.send("POST", ADDRESS, as_xml(*documents), content_type="application/xml")
    assert answer.status == 200, answer.text
    return answer.data["items"]


def results(answers):
    return [one["code"] or one["result"] for one in answers]


def refused(caller, document):
    """Code and field of the refusal, after which nothing is stored."""
    before = SaleDocument.objects.count()
    (answer,) = post(caller, document)
    assert answer["result"] == "refused", answer
    assert answer["detail"]
    assert "?" not in answer["detail"]
    assert SaleDocument.objects.count() == before
    return answer["code"], answer["field"]
