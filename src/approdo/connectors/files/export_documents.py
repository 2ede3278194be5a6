"""Puts documents as files into the node's directory: complete or not there at all, under the same names each time."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from approdo.connectors import export_options
from approdo.connectors.api.formats_options import FILE_FORMAT_OPTIONS
from approdo.connectors.files import names
from approdo.connectors.files.places import Place, opened, put
from approdo.sdk.connector import ConnectorType, Context, RequestMade
from approdo.sdk.documents import DocumentType
from approdo.sdk.errors import ApprodoError
from approdo.sdk.exports import DocumentFilter, Export, Handed, Parcel
from approdo.sdk.options import Choice, Kind, Option
from approdo.sdk.text import marked as _

_OPTIONS = (
    *FILE_FORMAT_OPTIONS,
    Option(
        name="per_file",
        kind=Kind.CHOICE,
        label=_("Documents in a file"),
        default="all",
        choices=(
            Choice("all", _("all that are handed over together, up to 200")),
            Choice("one", _("one")),
        ),
    ),
    Option(
        name="file_name",
        kind=Kind.TEXT,
        label=_("File name"),
        help=_(
            "{date} and {time} are when the documents were taken, {batch} is their number, which no other file has."
            " With one document in a file also {number}, {document} (Approdo's own number of it) and {version}."
            " Without a dot in it, the ending of the format is added."
        ),
        required=True,
        default=names.DEFAULT,
        problem=names.pattern_problem,
        beside=names.pattern_problem_beside,
    ),
    Option(
        name="existing",
        kind=Kind.CHOICE,
        label=_("Where a file of this name is there already"),
        help=_(
            "It can only be there if the name is without {batch}. Waiting suits systems that take a file away once"
            " they have read it."
        ),
        default="wait",
        choices=(
            Choice("wait", _("wait until it was taken away")),
            Choice("replace", _("replace it")),
        ),
    ),
    export_options.PERSONAL_DATA,
    export_options.FILTER,
)


def wanted(options: Mapping[str, Any]) -> DocumentFilter:
    """What the options ask for. EDIFACT ORDERS holds nothing but orders."""
    found = export_options.wanted(options)
    if options.get("format") == "edifact":
        return replace(found, types=frozenset({DocumentType.ORDER}))
    return found


def send(context: Context, parcel: Parcel) -> Handed:
    """Write every file of the parcel. What an earlier attempt wrote is written again as it was."""
    files = names.files(parcel, context.options)
    with opened(context.settings) as place:
        for file in files:
            try:
                _put(context, parcel, place, file)
            except ApprodoError as error:
                if file is not files[0]:
                    error.params["nothing_arrived"] = False
                raise
        where = {
            document["id"]: f"{place.address.removesuffix('/')}/{file.name}"
            for file in files
            for document in file.documents
        }
    return Handed(where=where)


def _put(context: Context, parcel: Parcel, place: Place, file: names.File) -> None:
    started, at, error = time.monotonic(), datetime.now(UTC), ""
    try:
        pieces = partial(parcel.write, file.documents, file.part)
        put(place, file.name, pieces, replace=_may_replace(context.options))
    except ApprodoError as failure:
        error = failure.code
        raise
    finally:
        context.record(
            RequestMade(
                at=at,
                operation=f"put {file.name}",
                status=None,
                request_id="",
                milliseconds=round((time.monotonic() - started) * 1000),
                attempt=parcel.attempt,
                error=error,
            )
        )


def _may_replace(options: Mapping[str, Any]) -> bool:
    """What has the batch in its name is an earlier attempt's, also where its settings were others."""
    return options.get("existing") == "replace" or "{batch}" in (options.get("file_name") or names.DEFAULT)


EXPORT_DOCUMENTS = ConnectorType(
    name="files.export_documents",
    label=_("Files [Export documents]"),
    help=_("Documents are written as files into a folder or onto an SFTP or FTP server, whenever the connector runs."),
    options=_OPTIONS,
    work=Export(wanted=wanted, send=send),
)
