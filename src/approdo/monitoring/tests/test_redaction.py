"""What a log line never holds, whoever wrote it."""

import io
import json
import logging

import pytest

from approdo import logs
from approdo.redaction import redacted

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET",
        "headers={'authorization': 'Bearer SECRET', 'x-amz-access-token': 'SECRET'}",
        '{"refresh_token": "SECRET", "client_secret": "SECRET with spaces"}',
        "grant_type=refresh_token&refresh_token=SECRET&client_id=x",
        "token apd_SECRET was not found",
        "Atza|SECRET, Atzr|SECRET",
        "could not connect to postgresql://approdo:SECRET@database/approdo",
        "Cookie: sessionid=SECRET; csrftoken=SECRET",
        "restricted_data_token='SECRET'",
        'duplicate key\nDETAIL:  Key (name)=(SECRET) already exists.\nCONTEXT:  COPY t, line 1, column name: "SECRET"',
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str):
    assert "SECRET" not in redacted(text)


@pytest.mark.parametrize(
    "text", ["run-5-20260101T000000 failed (page_token_refused)", "grant_type=refresh_token", "12:30:00"]
)
def test_what_does_not_stays(text: str):
    assert redacted(text) == text


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch):
    """What the configured formatter makes of a logger's lines."""

    def through(form: str) -> tuple[logging.Logger, io.StringIO]:
        monkeypatch.setenv("APPRODO_LOG_FORMAT", form)
        line = dict(logs.configuration(service=True)["formatters"]["line"])
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(line.pop("()")(**line))
        logger = logging.getLogger("approdo.written")
        logger.handlers, logger.propagate = [handler], False
        return logger, stream

    return through


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variable_and_what_it_quotes_is_redacted(written, form: str):
    logger, stream = written(form)

    def sign_in() -> None:
        password = f"not{'shown'}"
        raise ValueError(f"refused: client_secret=quoted{len(password)}")

    try:
        sign_in()
    except ValueError:
        logger.exception("it failed", stack_info=True)
    text = stream.getvalue()
    assert "sign_in" in text
    assert "ValueError: refused: client_secret=[redacted]" in text
    assert "notshown" not in text
    assert "quoted8" not in text


@pytest.mark.parametrize("form", ["json", "console"])
def test_nobody_writes_a_line_of_their_own_or_commands_the_terminal(written, form: str):
    logger, stream = written(form)
    logger.warning("path %s", "/a\nforged line \x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b[2J" not in stream.getvalue()
    if form == "json":
        assert json.loads(stream.getvalue())["event"] == "path /a\\x0aforged line \\x1b[2J"
