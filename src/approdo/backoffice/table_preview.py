"""What an import would do, in words: counts, changes column by column, refusals with their line and reason."""

from typing import Any

from approdo.backoffice import formats
from approdo.catalog.files.sheet import labels
from approdo.catalog.importing import Change, Plan
from approdo.catalog.tables import identity

MOST_SHOWN = 300


def whole(found: Plan) -> dict[str, Any]:
    """The preview as its page shows it."""
    names = dict(labels(found.table))
    return {
        "added": formats.number(found.added),
        "changed": formats.number(found.changed),
        "unchanged": formats.number(found.unchanged),
        "refused": formats.number(found.refused),
        "does_something": bool(found.changes),
        "has_refusals": bool(found.refused),
        "digest": found.digest,
        "changes": [_change(found, change, names) for change in found.changes[:MOST_SHOWN]],
        "more_changes": max(0, len(found.changes) - MOST_SHOWN),
        "refusals": [
            {
                "line": one.line,
                "subject": one.subject,
                "problems": [(names.get(name, ""), text) for name, text in one.problems],
            }
            for one in found.refusals[:MOST_SHOWN]
        ],
        "more_refusals": max(0, found.refused - MOST_SHOWN),
    }


def _change(found: Plan, change: Change, names: dict[str, str]) -> dict[str, Any]:
    before = found.shown(change.before) if change.before else {}
    after = found.shown(change.after)
    columns = [
        {"label": names[name], "before": before.get(name, ""), "after": after[name]}
        for name in found.table.values
        if after[name] != before.get(name, "")
    ]
    return {
        "line": change.line,
        "is_new": change.pk is None,
        "subject": identity(found.table, after),
        "columns": columns,
    }
