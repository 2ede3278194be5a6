"""Hands documents to an ERP that calls for them: nothing is sent, `GET /exports/{connector}` gives a batch."""

from approdo.connectors import export_options
from approdo.connectors.api.formats_options import FORMAT_OPTIONS
from approdo.sdk.connector import ConnectorType
from approdo.sdk.exports import Confirm, Export
from approdo.sdk.options import Choice, Kind, Option
from approdo.sdk.text import marked as _

CONFIRM = Option(
    name="confirm",
    kind=Kind.CHOICE,
    label=_("Counts as handed over"),
    help=_(
        "When the caller confirms the batch nothing can be lost. By reading needs only one call, but a caller that"
        " dies while it works on the answer has lost it, unless it asks for the same batch again."
    ),
    default=Confirm.EXPLICIT,
    choices=(
        Choice(Confirm.EXPLICIT, _("when the caller confirms it")),
        Choice(Confirm.BY_READING, _("when the whole answer was read")),
    ),
)

EXPORT_DOCUMENTS = ConnectorType(
    name="api.export_documents",
    label=_("API Export documents"),
    help=_("An ERP calls the connector's address and gets the documents that it has not got yet."),
    options=(*FORMAT_OPTIONS, export_options.EXPORT_ONCE, CONFIRM, export_options.FILTER),
    work=Export(wanted=export_options.wanted, once=export_options.once, confirm=export_options.confirm),
)
