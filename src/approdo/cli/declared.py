"""Reads declarative files, YAML with values from the environment, into records. Knows no database."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from approdo.cli.texts import Failure, _

VARIABLE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Declared(NamedTuple):
    """One record as a file declares it. Without a name it is a row of a table: the place in its section tells it."""

    file: Path
    section: str
    name: str
    data: dict[str, Any]
    place: int = 0


def read(files: Sequence[Path], known: Iterable[str], tables: Iterable[str] = ()) -> list[Declared]:
    """Every record of the files, in their order. `known` are the sections that can be declared.

    The records of those that are `tables` have no names.

    Raises `Failure` for what is no such file; whether the records themselves are right is not asked.
    """
    sections = {**dict.fromkeys(known, True), **dict.fromkeys(tables, False)}
    records = [record for file in files for record in _records(file, sections)]
    seen: dict[tuple[str, str], Path] = {}
    for record in (one for one in records if sections[one.section]):
        key = (record.section, record.name)
        if key in seen:
            raise Failure(
                _("{file}: “{name}” stands twice under {section}; remove one of them.").format(
                    file=record.file, name=record.name, section=record.section
                )
            )
        seen[key] = record.file
    return records


def _records(file: Path, known: Mapping[str, bool]) -> list[Declared]:
    content = _with_environment(file, _parsed(file))
    if not isinstance(content, dict) or not content:
        raise Failure(
            _("{file}: nothing is declared here; begin with one of: {sections}.").format(
                file=file, sections=", ".join(known)
            )
        )
    return [record for section, records in content.items() for record in _section(file, section, records, known)]


def _section(file: Path, section: Any, records: Any, known: Mapping[str, bool]) -> list[Declared]:
    """The records of a section; `known` says of each section whether its records have names."""
    if section not in known:
        raise Failure(
            _("{file}: there is no section “{section}”; known are: {sections}.").format(
                file=file, section=section, sections=", ".join(known)
            )
        )
    if not isinstance(records, list) and known[section]:
        raise Failure(
            _("{file}: {section} has to be a list; begin each record with “- name: …”.").format(
                file=file, section=section
            )
        )
    if not isinstance(records, list):
        raise Failure(
            _("{file}: {section} has to be a list; begin each record with “- ”.").format(file=file, section=section)
        )
    read_one = _record if known[section] else _row
    return [read_one(file, section, place, record) for place, record in enumerate(records, start=1)]


def _record(file: Path, section: str, place: int, record: Any) -> Declared:
    name = record.get("name") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(name, str) or not name.strip():
        raise Failure(
            _("{file}: record {place} of {section} needs a name; write it as “- name: …”.").format(
                file=file, place=place, section=section
            )
        )
    return Declared(file, section, name, {str(key): value for key, value in record.items()})


def _row(file: Path, section: str, place: int, record: Any) -> Declared:
    if not isinstance(record, dict):
        raise Failure(
            _("{file}: record {place} of {section} has to name its columns; write it as “- {{column: value}}”.").format(
                file=file, place=place, section=section
            )
        )
    return Declared(file, section, "", {str(key): value for key, value in record.items()}, place)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one place: YAML would silently keep only the last."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key in [key for key, _value in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"“{key.value}” stands twice", problem_mark=key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _parsed(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(_("{file}: this is not a text in UTF-8; save it as UTF-8.").format(file=file)) from None
    except OSError as error:
        raise Failure(
            _("{file} cannot be read: {reason}.").format(file=file, reason=error.strerror), exit_code=2
        ) from None
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Failure(
            _("{file}, line {line}, column {column}: this is not valid YAML ({problem}).").format(
                file=file,
                line=mark.line + 1 if mark else "?",
                column=mark.column + 1 if mark else "?",
                problem=error.problem or error.context,
            )
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise Failure(_("{file}: this is not valid YAML ({problem}).").format(file=file, problem=reason)) from None
    except RecursionError:
        raise Failure(_("{file}: this is nested too deeply.").format(file=file)) from None


def _with_environment(file: Path, content: Any) -> Any:
    """The content as plain JSON, with each `${NAME}` from the environment; `$${NAME}` stands for itself.

    Done in the parsed texts, so that a value can neither break the YAML nor add to it.
    """
    missing: list[str] = []

    def value_of(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped:
            return found[0][1:]
        if name not in os.environ and name not in missing:
            missing.append(name)
        return os.environ.get(name, "")

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return VARIABLE.sub(value_of, value)
        if isinstance(value, Mapping):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, date):
            return value.isoformat()
        return [filled(one) for one in value] if isinstance(value, list) else value

    try:
        result = filled(content)
    except RecursionError:
        raise Failure(_("{file}: this is nested too deeply.").format(file=file)) from None
    if missing:
        raise Failure(
            _("{file}: the environment does not hold {names}; set it, then apply again.").format(
                file=file, names=", ".join(missing)
            )
        )
    return result
