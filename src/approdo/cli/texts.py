"""Texts of the command in the reader's language, and the one sentence that every failure becomes."""

import sys

from approdo.sdk.errors import ApprodoError, Sentence

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


class Failure(Exception):
    """Ends the command with a sentence. `exit_code` is 2 for bad usage and for names that do not exist."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _(text: str) -> str:
    """`text` translated; English while Django is not ready, as when its settings are what is wrong."""
    if not django_is_ready():
        return text
    from django.utils.translation import gettext

    return gettext(text)


def django_is_ready() -> bool:
    """Whether models and translations can be used."""
    apps = sys.modules.get("django.apps")
    return apps is not None and bool(apps.apps.ready)


def sentence(error: ApprodoError) -> str:
    """What happened and the next step."""
    if django_is_ready():
        from approdo.nodes.sentences import explain_error

        return str(explain_error(error))
    from approdo.sdk.sentences import SENTENCES

    found = SENTENCES.get(error.code, Sentence(error.code))
    return f"{found.message} {found.hint}".format_map(error.params).strip()


def number(value: float) -> str:
    """A number with the separators of the reader's language."""
    from django.utils.formats import number_format

    return number_format(value, force_grouping=True)
