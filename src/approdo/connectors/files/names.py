"""What files are called: a pattern with fields, filled in the same at every attempt."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Parcel

DEFAULT = "ORDERS_{date}_{time}_{batch}"
PER_BATCH = frozenset({"date", "time", "batch"})
PER_DOCUMENT = frozenset({"number", "document", "version"})
LONGEST_PATTERN = 120
LONGEST = 200
"""With what a temporary name adds, every file system takes it."""

_FIELD = re.compile(r"\{([^{}]*)\}")
# What is a name on every system, Windows too; no slash, so that no name leaves the directory.
_ALLOWED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.() +=,@#-]*")
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
_OF_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class File(NamedTuple):
    """A file to be written: its name, its documents, and which of the batch's files it is (0: the only one)."""

    name: str
    documents: Sequence[Mapping[str, Any]]
    part: int


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern by itself."""
    if not set(_FIELD.findall(pattern)) <= PER_BATCH | PER_DOCUMENT:
        return "unknown_name_field"
    plain = _FIELD.sub("x", pattern)
    if not _ALLOWED.fullmatch(plain) or plain.endswith((".", " ")) or _OF_DEVICES.fullmatch(plain):
        return "not_a_file_name"
    return None if len(pattern) <= LONGEST_PATTERN else "file_name_too_long"


def pattern_problem_beside(pattern: str, options: Mapping[str, Any]) -> str | None:
    """What is wrong with a pattern beside how many documents a file holds."""
    fields = set(_FIELD.findall(pattern))
    if options.get("per_file") == "one":
        return None if fields & {"number", "document"} else "name_needs_document"
    return "name_of_one_document" if fields & PER_DOCUMENT else None


def files(parcel: Parcel, options: Mapping[str, Any]) -> list[File]:
    """The files of a parcel that are still to be put, each under the same name at every attempt.

    Raises `ConfigError("file_names_not_unique")`.
    """
    found = list(_files(parcel, options))
    names = [file.name.lower() for file in found]
    twice = [file.name for file in found if names.count(file.name.lower()) > 1]
    if twice:
        raise ConfigError("file_names_not_unique", name=twice[0])
    return [left for file in found if (left := _left(file, parcel)).documents]


def _left(file: File, parcel: Parcel) -> File:
    # Some of them only where an attempt before had them in files of their own.
    return file._replace(documents=[one for one in file.documents if one["id"] not in parcel.landed])


def _files(parcel: Parcel, options: Mapping[str, Any]) -> Iterator[File]:
    pattern = options.get("file_name") or DEFAULT
    if "." not in pattern:
        pattern += parcel.suffix
    at = parcel.claimed_at.astimezone(ZoneInfo(parcel.time_zone))
    common = {"date": f"{at:%Y%m%d}", "time": f"{at:%H%M%S}", "batch": parcel.id}
    if options.get("per_file") != "one":
        yield File(_filled(pattern, common), parcel.documents, 0)
        return
    for part, document in enumerate(parcel.documents, 1):
        own = {"number": document["number"], "document": document["id"], "version": document["version"]}
        yield File(_filled(pattern, {**common, **own}), [document], part)


def _filled(pattern: str, values: Mapping[str, Any]) -> str:
    name = _FIELD.sub(lambda field: _ODD.sub("_", str(values[field[1]])).strip(".") or "_", pattern)
    if len(name) > LONGEST:
        raise ConfigError("file_name_too_long", value=name)
    return name
