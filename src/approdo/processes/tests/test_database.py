"""What a failing database means: the errors are the drivers' own."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError

from approdo.processes import database
from approdo.sdk.errors import ConfigError, TransientError

pytestmark = pytest.mark.once

AS_THEY_ARE = database.PAUSES


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(database, "PAUSES", (0.01, 0.01, 0.01))
    monkeypatch.setattr(database.connection, "close", lambda: None)


def as_django_raises(error: Exception, kind: type[Exception] = OperationalError) -> Exception:
    wrapped = kind(str(error))
    wrapped.__cause__ = error
    return wrapped


def from_sqlite(path: Path, *statements: str) -> sqlite3.Error:
    *before, last = statements
    with closing(sqlite3.connect(path)) as file:
        for statement in before:
            file.execute(statement)
        with pytest.raises(sqlite3.Error) as caught:
            file.execute(last)
    return caught.value


class Failing:
    """Fails so many times, then answers."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.calls = error, times, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return "done"


def test_the_waits_reach_over_a_fail_over():
    assert 5 * 60 < sum(AS_THEY_ARE) < 15 * 60


def test_a_database_that_comes_back_is_waited_for():
    gone = as_django_raises(psycopg.OperationalError("server closed the connection unexpectedly"))
    work = Failing(gone, 2)
    assert database.patiently(work) == "done"
    assert work.calls == 3
    assert database.patiently(Failing(InterfaceError("connection already closed"), 3)) == "done"


def test_a_database_that_stays_away_ends_the_work_with_its_reason():
    with pytest.raises(TransientError) as caught:
        database.patiently(Failing(as_django_raises(psycopg.OperationalError("connection refused")), 99))
    assert (caught.value.code, caught.value.params) == ("database_busy", {"reason": "connection refused"})


def test_a_full_disk_is_said_at_once(tmp_path):
    full = from_sqlite(tmp_path / "a", "PRAGMA max_page_count = 1", "CREATE TABLE t (a)")
    on_server = psycopg.errors.DiskFull("could not extend file")
    for error in (full, on_server):
        work = Failing(as_django_raises(error), 99)
        with pytest.raises(ConfigError, match="database_cannot_write"):
            database.patiently(work)
        assert work.calls == 1


def test_read_only_and_damaged_files_are_a_persons_business(tmp_path):
    read_only = from_sqlite(tmp_path / "a", "PRAGMA query_only = 1", "CREATE TABLE t (a)")
    assert str(database.explain(as_django_raises(read_only))).startswith("database_cannot_write")
    (tmp_path / "b").write_bytes(b"no database at all, but long enough to be one" * 100)
    damaged = from_sqlite(tmp_path / "b", "SELECT * FROM t")
    assert str(database.explain(as_django_raises(damaged))).startswith("database_damaged")


def test_a_mistake_of_ours_is_no_failure_of_the_database(tmp_path):
    mistake = as_django_raises(from_sqlite(tmp_path / "a", "SELECT * FROM nothing"))
    for error in (mistake, as_django_raises(psycopg.errors.UndefinedTable("no"), ProgrammingError)):
        work = Failing(error, 99)
        with pytest.raises(type(error)):
            database.patiently(work)
        assert work.calls == 1


def test_an_ending_is_written_down_however_long_it_takes(tmp_path, caplog):
    full = as_django_raises(psycopg.errors.DiskFull("could not extend file"))
    work = Failing(full, 10)
    database.at_last(work, "run-1 failed")
    assert work.calls == 11
    assert "run-1 failed" in caplog.text


def test_who_waits_stops_when_the_worker_ends():
    database.closing.set()
    try:
        with pytest.raises(database.Closing):
            database.patiently(Failing(InterfaceError("closed"), 99))
    finally:
        database.closing.clear()


def test_patience_begins_anew_where_the_work_went_on_meanwhile(monkeypatch):
    monkeypatch.setattr(database, "WENT_ON_SECONDS", 0.02)
    failing = Failing(InterfaceError("connection already closed"), 9)

    def work():
        time.sleep(0.03)
        return failing()

    assert database.patiently(work) == "done"
