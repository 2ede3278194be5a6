"""*Test connection*: goes in step by step, then writes, renames and removes a small file of its own."""

import secrets
from collections.abc import Callable

from approdo.connectors.files.places import Place, place_for, put
from approdo.sdk.connector import CheckResult, Context, Outcome
from approdo.sdk.errors import ApprodoError, TransientError
from approdo.sdk.text import marked as _

WRITING = _("Writing")
ENCRYPTION = _("Encryption")


def check(context: Context) -> list[CheckResult]:
    """One result for each step. After the first that fails, nothing more is tried."""
    place = place_for(context.settings)
    steps = [(step.subject, step.works, step.take) for step in place.steps]
    steps.append((WRITING, "written_and_removed", lambda: _write(place)))
    results: list[CheckResult] = []
    try:
        for subject, works, take in steps:
            open_ = not results or results[-1].outcome is Outcome.WORKS
            results.append(_tried(subject, works, take, place) if open_ else _not_tried(subject))
    finally:
        place.close()
    return [*results, *_not_encrypted(context)]


def _write(place: Place) -> None:
    """Under a name that nobody waits for; removed whatever happens."""
    name = f"approdo-test-{secrets.token_hex(4)}.tmp"
    try:
        put(place, name, lambda: [b"A test by Approdo. This file may be removed.\r\n"], replace=True)
    finally:
        place.remove(name)


def _tried(subject: str, works: str, take: Callable[[], None], place: Place) -> CheckResult:
    try:
        take()
    except ApprodoError as error:
        outcome = Outcome.UNREACHABLE if isinstance(error, TransientError) else Outcome.REFUSED
        return CheckResult(subject=subject, outcome=outcome, code=error.code, params=error.params)
    return CheckResult(subject=subject, outcome=Outcome.WORKS, code=works, params=place.params)


def _not_tried(subject: str) -> CheckResult:
    return CheckResult(subject=subject, outcome=Outcome.NOT_TRIED, code="not_come_so_far")


def _not_encrypted(context: Context) -> list[CheckResult]:
    if context.settings.get("place") != "ftp":
        return []
    return [CheckResult(subject=ENCRYPTION, outcome=Outcome.WARNING, code="transfer_not_encrypted")]
