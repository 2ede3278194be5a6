"""The node type for a directory that files are put into: of this machine, of an SFTP server or of an FTP server."""

from approdo.connectors.files.check import check
from approdo.connectors.files.export_documents import EXPORT_DOCUMENTS
from approdo.connectors.files.options import OPTIONS
from approdo.connectors.files.places import place_for
from approdo.connectors.files.sentences import AUTHORIZATION_CODES, SENTENCES
from approdo.sdk.connector import NodeType
from approdo.sdk.text import marked as _

NODE_TYPE = NodeType(
    name="files",
    label=_("Files: a folder, an SFTP or FTP server"),
    options=OPTIONS,
    connector_types=(EXPORT_DOCUMENTS,),
    check=check,
    check_help=_("It goes in step by step, then writes, renames and removes a small file of its own."),
    address=lambda options: place_for(options).address,
    sentences=SENTENCES,
    authorization_codes=AUTHORIZATION_CODES,
)
