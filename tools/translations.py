"""Keeps the Italian catalogue complete: collects every marked text, and compiles.

python tools/translations.py           add new texts, drop those that are gone, compile
python tools/translations.py --check   fail where a translation is missing, unsure, unused or not compiled
"""

import io
import re
import sys
from pathlib import Path

from babel.messages import extract, mofile, pofile
from babel.messages.catalog import Catalog, Message
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parent.parent / "src" / "approdo"
CATALOGUE = SOURCE / "locale" / "it" / "LC_MESSAGES" / "django.po"
COMPILED = CATALOGUE.with_suffix(".mo")
BORROWED = CATALOGUE.with_name("borrowed.txt")
"""Texts of the libraries that come untranslated from them, one a line."""

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "marked": None,
}


def marked_texts() -> Catalog:
    found = Catalog()
    for path in sorted(SOURCE.rglob("*")):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        if path.suffix == ".py":
            code = path.read_text()
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            # Indentation means nothing in a template, and would mean something to the tokenizer.
            code = "\n".join(line.lstrip() for line in templatize(path.read_text()).splitlines())
        else:
            continue
        for _line, message, _comments, context in extract.extract("python", io.BytesIO(code.encode()), KEYWORDS):
            if message:
                found.add(message, context=context)
    for text in BORROWED.read_text().splitlines() if BORROWED.exists() else ():
        if text:
            found.add(text.replace("\\n", "\n"))
    return found


def read() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return pofile.read_po(file, locale="it")


def write(catalogue: Catalog) -> None:
    with CATALOGUE.open("wb") as file:
        pofile.write_po(file, catalogue, width=110, no_location=True, sort_output=True, omit_header=False)
    COMPILED.write_bytes(compiled(catalogue))


def compiled(catalogue: Catalog) -> bytes:
    target = io.BytesIO()
    mofile.write_mo(target, catalogue)
    return target.getvalue()


def update() -> Catalog:
    catalogue = read()
    wanted = marked_texts()
    fresh = Catalog(locale="it", project="Approdo", fuzzy=False, charset="utf-8")
    for message in wanted:
        if message.id:
            known = catalogue.get(message.id, message.context)
            fresh.add(message.id, known.string if known else "", context=message.context)
    return fresh


def problems(catalogue: Catalog) -> list[str]:
    found = []
    wanted = {key(message) for message in marked_texts() if message.id}
    for message in catalogue:
        if not message.id:
            continue
        parts = message.string if isinstance(message.string, tuple) else (message.string,)
        if key(message) not in wanted:
            found.append(f"no longer used: {message.id!r}")
        elif message.fuzzy or not all(parts):
            found.append(f"not translated: {message.id!r}")
        elif any(placeholders(part) != placeholders(str(first(message))) for part in parts):
            found.append(f"other placeholders: {message.id!r}")
    known = {key(message) for message in catalogue}
    found += [f"not in the catalogue: {wanted_key[1]!r}" for wanted_key in sorted(wanted - known, key=str)]
    if not COMPILED.exists() or COMPILED.read_bytes() != compiled(catalogue):
        found.append("not compiled: run python tools/translations.py")
    return found


def key(message: Message) -> tuple[str | None, str]:
    return (message.context, first(message))


def first(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{[a-z_]*\}|%\([a-z_]+\)s|%[sd]", text))


if __name__ == "__main__":
    if "--check" in sys.argv:
        wrong = problems(read())
        print("\n".join(wrong) or "Every text is translated.")
        sys.exit(bool(wrong))
    write(update())
    missing = [line for line in problems(read()) if line.startswith("not translated")]
    print(f"{len(missing)} to translate", *missing, sep="\n")
