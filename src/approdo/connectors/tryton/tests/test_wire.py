"""What Tryton answers, as its sources write it, and what that means here."""

import json
from datetime import date
from decimal import Decimal

import httpx2
import pytest

from approdo.connectors.tryton import url_problem, wire
from approdo.sdk.errors import ConfigError, RefusedError, TransientError

METHOD = "model.sale.sale.create"


def answer(content, status=200):
    body = content if isinstance(content, str) else json.dumps(content)
    return httpx2.Response(status, text=body, request=httpx2.Request("POST", "http://tryton:8000/erp/rpc/"))


def test_amounts_and_days_come_back_as_they_were_sent():
    sent = {"unit_price": Decimal("0.10"), "sale_date": date(2026, 5, 1), "lines": [["create", [{"quantity": 3.0}]]]}
    body = json.loads(wire.request(METHOD, [sent]))
    assert body["params"][0]["unit_price"] == {"__class__": "Decimal", "decimal": "0.10"}
    assert wire.result(answer({"id": 1, "result": body["params"][0]}), METHOD) == sent


@pytest.mark.parametrize(
    ("error", "kind", "code", "message"),
    [
        (["UserError", ["Not allowed.", "Within groups: Sales", None]], RefusedError, "tryton_says_no", "Not allowed. Within groups: Sales"),
        (["UserWarning", ["stock_1", "Stock is short.", ""]], RefusedError, "tryton_asks", "Stock is short."),
        (["LoginException", ["sms", "Code:", "char"]], ConfigError, "tryton_login_asks", "Code:"),
        (["'nope'", "Traceback …"], RefusedError, "tryton_failed", "'nope'"),
        (["ConcurrencyException", "sale.sale,1"], TransientError, "tryton_changed_meanwhile", None),
        (
            ["server closed the connection", "Traceback …\npsycopg2.OperationalError: server closed the connection"],
            TransientError, "tryton_database", "server closed the connection",
        ),
    ],
)  # fmt: skip
def test_an_error_in_words_is_told_by_what_a_person_has_to_do(error, kind, code, message):
    with pytest.raises(kind) as caught:
        wire.result(answer({"id": 1, "error": error}), METHOD)
    assert (caught.value.code, caught.value.params.get("message")) == (code, message)


@pytest.mark.parametrize(
    ("content", "status", "kind", "code"),
    [
        ("", 401, ConfigError, "tryton_session_over"),
        ("", 403, ConfigError, "tryton_forbidden"),
        ("<html>", 404, ConfigError, "tryton_not_there"),
        ("", 302, ConfigError, "tryton_not_there"),
        ("", 429, TransientError, "tryton_unavailable"),
        ("<html>", 503, TransientError, "tryton_unavailable"),
        ("", 413, RefusedError, "tryton_status"),
        ("<html>Welcome</html>", 200, TransientError, "tryton_unreadable"),
        ({"id": 1}, 200, TransientError, "tryton_unreadable"),
        ("[]", 200, TransientError, "tryton_unreadable"),
        ({"result": {"__class__": "Decimal", "decimal": "x"}}, 200, TransientError, "tryton_unreadable"),
    ],
)
def test_nothing_but_a_well_formed_answer_is_one(content, status, kind, code):
    with pytest.raises(kind) as caught:
        wire.result(answer(content, status), METHOD)
    assert caught.value.code == code


def test_a_password_travels_in_the_clear_only_within_the_own_network():
    near = (
        "http://127.0.0.1:8000",
        "http://192.168.1.10",
        "http://tryton:8000",
        "http://erp.lan",
        "https://erp.example.com",
    )
    assert [url_problem(url) for url in near] == [None] * 5
    assert [url_problem(url) for url in ("http://erp.example.com", "http://8.8.8.8")] == ["tryton_not_https"] * 2
