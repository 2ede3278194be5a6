"""The node type for an outside system that calls the hub, or is handed files by it."""

from approdo.connectors.api.export_documents import EXPORT_DOCUMENTS
from approdo.connectors.api.import_documents import IMPORT_DOCUMENTS
from approdo.connectors.api.sentences import SENTENCES
from approdo.sdk.connector import NodeType
from approdo.sdk.text import marked as _

NODE_TYPE = NodeType(
    name="api",
    label=_("API: an outside system that calls us"),
    connector_types=(EXPORT_DOCUMENTS, IMPORT_DOCUMENTS),
    sentences=SENTENCES,
)
