"""Sends documents as signed messages: a batch each, under an id that stays until the receiver has taken it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from approdo.connectors import export_options
from approdo.connectors.webhook import answers, receiver
from approdo.sdk import webhooks
from approdo.sdk.connector import ConnectorType, Context
from approdo.sdk.exports import Export, Handed, Parcel
from approdo.sdk.options import Kind, Option
from approdo.sdk.text import marked as _

EXPORTED = "documents.exported"
MOST = 200


def send(context: Context, parcel: Parcel) -> Handed:
    """One message with all the documents of the parcel; the answer may say what became of each."""
    answer = receiver.deliver(context, message(parcel), EXPORTED, parcel.attempt)
    return answers.read(answer.content, parcel.documents)


def message(parcel: Parcel) -> webhooks.Message:
    """The parcel as a message: the same to the last byte at every attempt."""
    return webhooks.message(f"batch-{parcel.id}", EXPORTED, parcel.claimed_at, msgspec.Raw(b"".join(parcel.written())))


def _most(options: Mapping[str, Any]) -> int:
    return int(options.get("documents", DOCUMENTS.default))


def _documents_problem(value: int) -> str | None:
    return None if 1 <= value <= MOST else "documents_out_of_range"


DOCUMENTS = Option(
    name="documents",
    kind=Kind.NUMBER,
    label=_("Documents in a message"),
    help=_("From 1 to 200."),
    default=50,
    problem=_documents_problem,
)

EXPORT_DOCUMENTS = ConnectorType(
    name="webhook.export_documents",
    label=_("Webhook [Export documents]"),
    help=_(
        "Each run sends the receiver the documents that it has not got yet, signed; what does not arrive comes again."
    ),
    options=(DOCUMENTS, export_options.PERSONAL_DATA, export_options.FILTER),
    work=Export(wanted=export_options.wanted, send=send, most=_most),
)
