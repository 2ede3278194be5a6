"""Every failure that a person or a retry can do something about.

The class says what to do next; code and parameters are stored, and the sentence is made from them
when somebody reads it, in the reader's language. Any other exception is a bug of ours.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple


class ApprodoError(Exception):
    """A failure with a stable `code` and the parameters of its sentence (plain JSON values)."""

    kind: ClassVar[str] = "internal"

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: dict[str, Any] = params

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class ConfigError(ApprodoError):
    """A person has to change settings: retrying cannot help."""

    kind = "config"


class RefusedError(ApprodoError):
    """The other side understood the request and said no."""

    kind = "refused"


class TransientError(ApprodoError):
    """It may work later by itself. `retry_after` among its params: not before so many seconds have passed."""

    kind = "transient"


class UnreadableDocument(ApprodoError):
    """One document of a page cannot be understood; it is set aside whole, the rest goes on."""

    kind = "unreadable"


class Problem(NamedTuple):
    """What is wrong with one option; `code` and `params` make a sentence of the catalogue."""

    option: str
    code: str
    params: Mapping[str, Any]


class InvalidOptions(ConfigError):
    """Values do not fit a declaration. `problems` names every option that is wrong, not just the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("invalid_options", options=[problem.option for problem in problems])
        self.problems = problems


class Sentence(NamedTuple):
    """A message and its next step, both marked for translation; `{name}` takes a parameter."""

    message: str
    hint: str = ""
