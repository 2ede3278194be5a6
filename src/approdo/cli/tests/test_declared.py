"""What a declarative file has to be like, before anybody looks at its records."""

from pathlib import Path

import pytest

from approdo.cli.declared import read
from approdo.cli.texts import Failure

pytestmark = pytest.mark.once

KNOWN = ("nodes", "connectors")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def refused(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Failure) as failure:
        read([file], KNOWN)
    assert failure.value.exit_code == 1
    message = str(failure.value)
    assert "some.yaml" in message
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("nodes: [", 1, 9),
        ("nodes:\n  - name: A\n   type: x\n", 3, 4),
        ("nodes:\n  - {name: A, name: B}\n", 2, 15),
        ("nodes: []\nconnectors: []\nnodes: []\n", 3, 1),
        ("nodes: []\n---\nnodes: []\n", 2, 1),
    ],
)
def test_what_is_no_yaml_is_refused_with_line_and_column(file: Path, text: str, line: int, column: int):
    assert f"line {line}, column {column}" in refused(file, text)


@pytest.mark.parametrize("text", ["", "just text", "- a\n", "{}", "nodes: \x00"])
def test_a_file_that_declares_nothing_is_refused(file: Path, text: str):
    refused(file, text)


@pytest.mark.parametrize("rows", ["x", "{code: A}", "[A]", "[null]", "[[A]]"])
def test_rows_of_a_table_name_their_columns_and_need_no_name(file: Path, rows: str):
    file.write_text(f"places: {rows}\n")
    with pytest.raises(Failure, match="places"):
        read([file], KNOWN, ["places"])
    file.write_text("places: [{code: A}, {code: A}]\nnodes: [{name: A}]\n")
    assert [(one.section, one.place) for one in read([file], KNOWN, ["places"])] == [
        ("places", 1),
        ("places", 2),
        ("nodes", 0),
    ]


def test_an_unknown_section_is_refused_and_the_known_are_named(file: Path):
    message = refused(file, "node: []\n")
    assert "“node”" in message
    assert "nodes, connectors" in message


@pytest.mark.parametrize("records", ["x", "{name: A}", "[A]", "[{}]", "[{name: 7}]", "[{name: ' '}]", "[null]"])
def test_every_record_needs_a_name_that_is_text(file: Path, records: str):
    refused(file, f"nodes: {records}\n")


def test_a_name_that_stands_twice_is_refused(file: Path):
    assert "stands twice" in refused(file, "nodes: [{name: A}, {name: A}]\n")


def test_the_same_name_in_two_sections_is_no_duplicate(file: Path):
    file.write_text("nodes: [{name: A}]\nconnectors: [{name: A}]\n")
    assert [record.section for record in read([file], KNOWN)] == ["nodes", "connectors"]


def test_values_come_from_the_environment_and_are_never_read_as_yaml(file: Path, monkeypatch):
    monkeypatch.setenv("SOME_SECRET", "a: [b\n${HOME} #'\"")
    file.write_text("nodes:\n  - {name: A, options: {secret: 'x-${SOME_SECRET}', kept: '$${HOME}', day: 2026-05-01}}\n")
    (record,) = read([file], KNOWN)
    assert record.data["options"] == {
        "secret": "x-a: [b\n${HOME} #'\"",
        "kept": "${HOME}",
        "day": "2026-05-01",
    }


def test_a_missing_variable_is_named(file: Path, monkeypatch):
    monkeypatch.delenv("NOT_THERE", raising=False)
    assert "NOT_THERE" in refused(file, "nodes: [{name: A, secret: '${NOT_THERE}'}]\n")


def test_endless_nesting_is_refused(file: Path):
    refused(file, "nodes: &a [*a]\n")
    refused(file, "nodes: " + "[" * 5000 + "]" * 5000)
