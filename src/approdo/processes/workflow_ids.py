"""What the engine calls the work on a run."""

import re

from approdo.processes.models import Run


def workflow_id(run: Run) -> str:
    """The engine's name for the work on a run: its number, and the moment it was asked for.

    A database that was put back from a copy gives a number again, and the engine remembers what it
    did for the first run that had it.
    """
    return f"run-{run.pk}-{run.created_at:%Y%m%dT%H%M%S%f}"


def with_workflow_id(name: str) -> Run | None:
    """The run that `workflow_id` gave this name, where the database still has it, and what it runs with."""
    number = number_of(name)
    whole = Run.objects.select_related("connector__node", "connector__configuration")
    run = whole.filter(pk=number).first() if number else None
    return run if run and workflow_id(run) == name else None


def number_of(name: str) -> int | None:
    """The run's number in a name that `workflow_id` gave; none in any other."""
    numbered = re.fullmatch(r"run-(\d+)-\w+", str(name))
    return int(numbered[1]) if numbered else None
