"""Options as data: one declaration that screens, REST and the declarative file build on and check with."""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from approdo.sdk.errors import InvalidOptions, Problem


class Kind(StrEnum):
    """What an option holds."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105  (a kind, not a password)
    CHOICE = "choice"
    CHOICES = "choices"
    TEXTS = "texts"
    NODES = "nodes"
    """Nodes, by their numbers, so that a new name changes nothing; people give and see names."""
    GROUP = "group"
    """Other options, its `parts`."""
    FLAG = "flag"
    NUMBER = "number"
    DATE = "date"
    URL = "url"


ON = "on"
"""What a flag that is set counts as in a `When`: what browsers send of a ticked box."""


class When(Struct, frozen=True):
    """An option, or a choice, counts only while another option has one of these values."""

    option: str
    values: frozenset[str]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it does beside these values."""
        value = values.get(self.option)
        value = ON if value is True else value
        return isinstance(value, str) and value in self.values


class Choice(Struct, frozen=True):
    """One value to choose, with its label marked for translation."""

    value: str
    label: str
    when: When | None = None


class Option(Struct, frozen=True, kw_only=True):
    """One declared option. Label and help are marked for translation.

    `problem(value)` is asked about a value of the right kind: it gives the code of what is wrong
    with it, or none. `beside(value, others)` is asked too, about a value and the options declared before it.
    `masked(value)` is what is shown to whoever may not change it, where that is less.
    `lines` says that a text or a secret may have several.
    `all_is_none`: every choice ticked is kept as none, so that one that is added later counts too.
    """

    name: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    parts: "tuple[Option, ...]" = ()
    when: When | None = None
    problem: Callable[[Any], str | None] | None = None
    beside: Callable[[Any, Mapping[str, Any]], str | None] | None = None
    masked: Callable[[Any], Any] = lambda value: value
    lines: bool = False
    all_is_none: bool = False

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether the option counts beside these other values."""
        return self.when is None or self.when.holds(values)

    def offered(self, values: Mapping[str, Any]) -> list[str]:
        """What can be chosen beside these other values."""
        return [choice.value for choice in self.choices if choice.when is None or choice.when.holds(values)]


EMPTY: tuple[Any, ...] = (None, "", [], {})
"""What counts as not given."""

ALL = "all"
"""What stands for every one of an option's choices."""


def clean(declared: Sequence[Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """The checked values, as plain JSON, with defaults filled in.

    Raises `InvalidOptions` naming every option that is unknown, missing or of the wrong kind.
    An option that does not apply beside the others is left out.
    """
    known = {option.name: option for option in declared}
    problems = [Problem(name, "unknown_option", {}) for name in values if name not in known]
    cleaned: dict[str, Any] = {}
    for option in declared:
        value = values.get(option.name)
        if value in EMPTY:
            value = option.default
        if not option.applies({**values, **cleaned}):
            continue
        if value in EMPTY:
            if option.required:
                problems.append(Problem(option.name, "missing_option", {}))
            continue
        try:
            checked = _checked(option, value, option.offered({**values, **cleaned}))
        except _Wrong as wrong:
            problems.append(Problem(option.name, wrong.code, wrong.params))
            continue
        except InvalidOptions as error:
            problems += [Problem(f"{option.name}.{p.option}", p.code, p.params) for p in error.problems]
            continue
        if code := _problem(option, checked, cleaned):
            shown = {} if option.kind is Kind.SECRET else {"value": checked}
            problems.append(Problem(option.name, code, shown))
            continue
        cleaned[option.name] = [] if option.all_is_none and len(checked) == len(option.choices) else checked
    if problems:
        raise InvalidOptions(problems)
    return cleaned


class _Wrong(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params


def _problem(option: Option, value: Any, before: Mapping[str, Any]) -> str | None:
    code = option.problem(value) if option.problem else None
    return code or (option.beside(value, before) if option.beside else None)


def _checked(option: Option, value: Any, offered: list[str]) -> Any:
    match option.kind:
        case Kind.CHOICE:
            return _choice(offered, value)
        case Kind.CHOICES:
            return _choices(offered, value)
        case Kind.GROUP:
            return _group(option.parts, value)
        case Kind.SECRET | Kind.TEXT if option.lines and isinstance(value, str):
            return "\n".join(_text(line) for line in value.strip().splitlines())
        case _:
            read: Callable[[Any], Any] = _READERS.get(option.kind, _text)
            return read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _Wrong("not_text")
    text = str(value).strip()
    if any(ord(character) < 32 for character in text):
        raise _Wrong("control_characters")
    return text


def _choice(allowed: list[str], value: Any) -> str:
    if value not in allowed:
        raise _Wrong("not_a_choice", value=str(value), choices=", ".join(allowed))
    return str(value)


def _choices(allowed: list[str], value: Any) -> list[str]:
    if value in (ALL, [ALL]):
        return allowed
    given = _list(value)
    for one in given:
        if one not in allowed:
            raise _Wrong("not_a_choice", value=str(one), choices=", ".join([*allowed, ALL]))
    return [one for one in allowed if one in given]


def _list(value: Any) -> Sequence[Any]:
    given = [value] if isinstance(value, str | int) else value
    if not isinstance(given, list | tuple):
        raise _Wrong("not_a_list")
    return given


def _group(parts: Sequence[Option], value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong("not_a_group", names=", ".join(part.name for part in parts))
    return clean(parts, value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("not_a_flag", value=str(value))
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,9}", str(value)):
        raise _Wrong("not_a_number", value=str(value))
    return int(value)


def _date(value: Any) -> str:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _Wrong("not_a_date", value=str(value)) from None


def _url(value: Any) -> str:
    text = _text(value).rstrip("/")
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        valid = False
    if not valid or "@" in parts.netloc:
        raise _Wrong("not_a_url", value=text.split("@")[-1])
    return text


def _is_host(name: str) -> bool:
    """An IPv6 address, or labels of letters, digits and hyphens: what a request can be sent to."""
    return ":" in name or bool(re.fullmatch(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}\.?", name))


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXTS: lambda value: [_text(one) for one in _list(value) if one not in EMPTY],
    Kind.NODES: lambda value: [_number(one) for one in _list(value)],
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.URL: _url,
}
"""How what needs no declaration is read; everything else is text."""
