"""Many rows of a table at once: CSV, XLSX or a list in JSON, planned first and then carried out whole."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import WRITE_SETTINGS, refuse_bound
from approdo.api.problems import ApiProblem, FieldError
from approdo.api.routes import Parameters, Route, add_route, answer
from approdo.catalog.files.reading import MOST_BYTES, read
from approdo.catalog.files.sheet import MOST_ROWS, Line, Sheet
from approdo.catalog.importing import Change, Plan, carry_out, plan
from approdo.catalog.tables import Table
from approdo.sdk.errors import ConfigError

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"
TABLES = (CSV, "text/plain", "text/tab-separated-values", XLSX, "application/octet-stream")

MOST_SHOWN = 300
ATTEMPTS = 3


class ImportParameters(Parameters):
    """How to import."""

    dry_run: bool = Field(False, description="Only say what would be done.")
    skip_refused: bool = Field(False, description="Import the other lines where some are refused.")


class LineChange(BaseModel):
    """What one line does."""

    line: int = Field(description="In a file its line, in a list its place from 1.")
    before: dict[str, str | None] | None = Field(description="Null where the row is new.")
    after: dict[str, str | None]


class LineProblem(BaseModel):
    """What is wrong in one column; empty where it is the whole line."""

    field: str
    message: str


class LineRefusal(BaseModel):
    """A line that is refused, and why."""

    line: int
    problems: list[LineProblem]


class Imported(BaseModel):
    """What an import did, or with `dry_run` would do."""

    dry_run: bool
    added: int
    changed: int
    unchanged: int
    refused: int
    ignored_columns: list[str] = Field(description="Names in the first line that mean no column.")
    changes: list[LineChange] = Field(description=f"The first {MOST_SHOWN}.")
    refusals: list[LineRefusal] = Field(description=f"The first {MOST_SHOWN}.")


def add_import_route(router: Router, table: Table) -> None:
    """Add the route that takes many rows of a table. Before what stands below one row."""
    rows = {"type": "array", "items": {"type": "object"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    takes = {CSV: {"schema": {"type": "string"}}, XLSX: binary, JSON: {"schema": rows}}
    described = {"requestBody": {"required": True, "content": takes}}
    route = Route(f"import_{table.name}", "Import", WRITE_SETTINGS, Imported, 200, (400, 409, 413, 415), described)

    @add_route(router, "POST", "/import", route)
    def import_rows(request: HttpRequest, wanted: Query[ImportParameters]) -> HttpResponse:
        """Adds the rows whose key is new and changes the others; deletes none. All of it, or nothing.

        The body is CSV, XLSX or a JSON list of rows. Columns that a file does not have keep their values. Where a line
        is refused nothing is written, unless `skip_refused` leaves it out.
        """
        refuse_bound(request)
        sheet = _sheet(request, table)
        found = plan(table, sheet.lines)
        if not wanted.dry_run:
            found = _carried_out(sheet, found, skip=wanted.skip_refused)
        return answer({"dry_run": wanted.dry_run, "ignored_columns": sheet.ignored, **shown(found)})


def _carried_out(sheet: Sheet, found: Plan, *, skip: bool) -> Plan:
    """The plan that was carried out: made anew where somebody changed the table meanwhile."""
    for attempt in range(1, ATTEMPTS + 1):
        if found.refused and not skip:
            errors = [
                FieldError(f"{one.line}{'.' if name else ''}{name}", message)
                for one in found.refusals
                for name, message in one.problems
            ]
            raise ApiProblem(422, "import_refused", errors=errors, count=found.refused)
        try:
            carry_out(found)
        except ConfigError:
            if attempt == ATTEMPTS:
                raise
            found = plan(found.table, sheet.lines)
        else:
            break
    return found


def _sheet(request: HttpRequest, table: Table) -> Sheet:
    content = request.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ApiProblem(413, "table_too_large", most=MOST_BYTES // 1_000_000)
    media_type = (request.content_type or "").lower()
    if media_type == JSON:
        return _list(content)
    if media_type not in TABLES:
        raise ApiProblem(415, "not_a_table_type", content_type=media_type)
    return read(table, content)


def _list(content: bytes) -> Sheet:
    try:
        rows = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ApiProblem(400, "bad_json", reason=str(error)) from None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ApiProblem(422, "not_a_list_of_rows")
    if len(rows) > MOST_ROWS:
        raise ConfigError("table_too_long", most=MOST_ROWS)
    return Sheet([], [], [Line(number, dict(row), {}) for number, row in enumerate(rows, start=1)])


def shown(found: Plan) -> dict[str, Any]:
    """The plan as it is given out, its counts whole and its lines to a limit."""
    return {
        "added": found.added,
        "changed": found.changed,
        "unchanged": found.unchanged,
        "refused": found.refused,
        "changes": [_change(found, change) for change in found.changes[:MOST_SHOWN]],
        "refusals": [
            {"line": one.line, "problems": [{"field": name, "message": text} for name, text in one.problems]}
            for one in found.refusals[:MOST_SHOWN]
        ],
    }


def _change(found: Plan, change: Change) -> dict[str, Any]:
    return {
        "line": change.line,
        "before": None if change.before is None else found.shown(change.before),
        "after": found.shown(change.after),
    }
