"""XML that somebody posts, back into plain documents: the other way round of `xml.py`, for what strangers send.

Nothing is fetched and no entity is ever expanded: a document type declaration is refused before anything behind it is
looked at. Each document is held against the schema by itself, so that a wrong one does not hold up the others. Values
stay texts, as they are written.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.parsers import expat

from lxml import etree

from approdo.exchanges.formats.xml import DOCUMENT, REPLACEMENT, SCHEMA, VERSION, Group, Inner, Many, Parts, name_of
from approdo.sdk.errors import RefusedError

AT_ONCE = 64 * 1024


class ReadElement(NamedTuple):
    """One document: its own XML and its members, or why it is not one."""

    raw: bytes
    values: dict[str, Any]
    error: RefusedError | None


def read(body: bytes) -> list[ReadElement]:
    """The documents of a body. Raises `RefusedError` where the whole of it is no XML of ours."""
    _refuse_declarations(body)
    root = _parsed(body)
    if root.tag != "Documents" or root.get("Version") != VERSION:
        raise RefusedError("not_documents", found=_shown(root), version=VERSION)
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    return [_document(element, schema) for element in list(root)]


def read_one(raw: bytes) -> dict[str, Any]:
    """The members of one document, from the XML that `read` gave. Raises `RefusedError`."""
    return _members(_parsed(raw), DOCUMENT)


def _refuse_declarations(body: bytes) -> None:
    """Read up to the first element: a document type stands before it or nowhere."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _declares
    parser.StartElementHandler = _begins
    try:
        for start in range(0, len(body), AT_ONCE):
            parser.Parse(body[start : start + AT_ONCE], False)
    except _Begun:
        return
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise RefusedError("bad_xml", reason=str(error)) from None


class _Begun(Exception):
    """The first element was reached."""


def _declares(*_arguments: Any) -> None:
    raise RefusedError("xml_declares")


def _begins(*_arguments: Any) -> None:
    raise _Begun


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedError("bad_xml", reason=str(error)) from None
    if root.getroottree().docinfo.doctype:
        raise RefusedError("xml_declares")
    return root


def _document(element: etree._Element, schema: etree.XMLSchema) -> ReadElement:
    element.tail = None
    raw = etree.tostring(element, encoding="utf-8")
    alone = etree.Element("Documents", {"Version": VERSION})
    alone.append(element)
    if schema.validate(alone):
        return ReadElement(raw, _members(element, DOCUMENT), None)
    first = schema.error_log[0]
    field = str(first.path).removeprefix("/Documents/Document").strip("/").replace("/", ".")
    error = RefusedError("not_per_schema", reason=first.message[:300], field=field)
    return ReadElement(raw, _general(element), error)


def _general(element: etree._Element) -> dict[str, Any]:
    """By what a document that is not per schema can be named in the answer."""
    found = {name: element.findtext(f"General/{name_of(name)}") for name in ("type", "number", "vendor_code")}
    return {name: text for name, text in found.items() if text}


def _members(element: etree._Element, parts: Parts) -> dict[str, Any]:
    there = {child.tag: child for child in element}
    return dict(_found(there, parts))


def _found(there: dict[str, etree._Element], parts: Parts) -> Iterator[tuple[str, Any]]:
    for part in parts:
        match part:
            case Group():
                if part.element in there:
                    yield from _members(there[part.element], part.parts).items()
            case Many():
                if part.element in there:
                    items = there[part.element]
                    yield part.key, [_members(one, part.parts) if part.parts else _text(one) for one in items]
            case Inner():
                if name_of(part.key) in there:
                    yield part.key, _members(there[name_of(part.key)], part.parts)
            case str():
                if name_of(part) in there:
                    yield part, _text(there[name_of(part)])


def _text(element: etree._Element) -> str:
    """The text, with the characters that XML cannot hold put back (`xml._put_text`)."""
    text = element.text or ""
    if "Replaced" not in element.attrib:
        return text
    replaced = iter(element.get("Replaced", "").split())
    return "".join(_character(next(replaced, "FFFD")) if one == REPLACEMENT else one for one in text)


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else REPLACEMENT


def _shown(root: etree._Element) -> str:
    return f"<{root.tag} Version={root.get('Version')!r}>"[:100]
