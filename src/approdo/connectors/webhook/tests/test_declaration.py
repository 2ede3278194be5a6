"""The declaration: which settings are accepted, the test of the connection, and that every code has words."""

import re
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from approdo.connectors import connector_type, webhook
from approdo.connectors.webhook.tests.conftest import FORMER, SECRET, node
from approdo.sdk.connector import Outcome
from approdo.sdk.errors import InvalidOptions
from approdo.sdk.options import clean
from approdo.sdk.sentences import SENTENCES

pytestmark = pytest.mark.once

NODE = webhook.NODE_TYPE
GOOD = {"address": "https://erp.example.com/hook", "secret": SECRET}
EXPORT = connector_type("webhook.export_documents")


def problems(declared, values):
    with pytest.raises(InvalidOptions) as refused:
        clean(declared, values)
    return {problem.option: problem.code for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"address": "ftp://erp.example.com"}, {"address": "not_a_url"}),
        ({"address": "http://erp.example.com"}, {"inner": "http_outside"}),
        ({"secret": None}, {"secret": "missing_option"}),
        ({"secret": "short"}, {"secret": "not_a_signing_secret"}),
        ({"sign_with": "both"}, {"former_secret": "missing_option"}),
        ({"sign_in": "header"}, {"header_value": "missing_option"}),
        ({"sign_in": "header", "header_value": "a\u00e9"}, {"header_value": "not_a_header_value"}),
        ({"sign_in": "header", "header_value": "a", "header": "Host"}, {"header": "not_a_header"}),
        ({"sign_in": "header", "header_value": "a", "header": "Webhook-Id"}, {"header": "not_a_header"}),
        ({"sign_in": "header", "header_value": "a", "header": "a b"}, {"header": "not_a_header"}),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(wrong, found):
    assert problems(NODE.options, GOOD | wrong) == found


def test_a_secret_that_is_wrong_is_not_repeated():
    with pytest.raises(InvalidOptions) as refused:
        clean(NODE.options, GOOD | {"secret": "short-secret"})
    assert "short-secret" not in repr(refused.value.problems)


def test_http_is_possible_inside_the_own_network():
    assert clean(NODE.options, GOOD | {"address": "http://erp.lan/hook", "inner": True})["inner"] is True


def test_what_signs_in_or_signed_before_is_forgotten_with_its_choice():
    chosen = {"sign_with": "both", "former_secret": FORMER, "sign_in": "header", "header_value": "abc"}
    all_of_it = clean(NODE.options, GOOD | chosen)
    assert all_of_it["header"] == "Authorization"
    left = clean(NODE.options, all_of_it | {"sign_with": "secret", "sign_in": "none"})
    assert not {"former_secret", "header", "header_value"} & left.keys()


@pytest.mark.parametrize("many", [0, 201, -1])
def test_a_message_holds_one_to_two_hundred_documents(many):
    assert problems(EXPORT.options, {"documents": many}) == {"documents": "documents_out_of_range"}


def test_a_message_holds_fifty_documents_and_no_consumers_unless_asked_for():
    options = clean(EXPORT.options, {})
    assert (options["documents"], options["personal_data"]) == (50, False)
    assert EXPORT.work.most(options) == 50
    assert EXPORT.work.once(options)


def test_the_test_of_the_connection_sends_a_signed_message_that_holds_nothing(receiver):
    one = node(receiver.url)
    (result,) = NODE.check(one.context)
    assert (result.outcome, result.code, result.params["status"]) == (Outcome.WORKS, "webhook_works", 200)
    headers, body = receiver.calls[0]
    told = Webhook(SECRET).verify(body, headers)
    assert (told["type"], list(told["data"])) == ("test", ["message"])


@pytest.mark.parametrize(("status", "outcome"), [(401, Outcome.REFUSED), (500, Outcome.UNREACHABLE)])
def test_the_test_of_the_connection_says_what_came_back(receiver, status, outcome):
    receiver.answers = [status]
    (result,) = NODE.check(node(receiver.url).context)
    assert (result.outcome, result.params["status"]) == (outcome, status)


def test_the_test_of_the_connection_goes_nowhere_that_a_message_may_not_go(receiver):
    (result,) = NODE.check(node(receiver.url, inner=False).context)
    assert (result.outcome, result.code) == (Outcome.REFUSED, "inner_address")
    assert receiver.calls == []


def test_every_code_has_a_sentence():
    raised = set()
    for folder in (Path(webhook.__file__).parent, Path(webhook.__file__).parent.parent.parent / "sdk"):
        for path in folder.glob("*.py"):
            source = path.read_text()
            raised |= set(re.findall(r'(?:Error|Refusal)\(\s*"(\w+)"', source))
            raised |= set(re.findall(r'(?:code=|return |return .* else )"(\w+_\w+)"', source))
    raised |= {"inner_address", "forbidden_address"}
    assert {"webhook_gone", "webhook_tls", "document_refused", "http_outside"} <= raised
    assert {code for code in raised if code not in NODE.sentences and code not in SENTENCES} == set()
