"""What a node is asked about its directory."""

import re

from approdo.connectors.files.folder import folder_problem
from approdo.connectors.files.ftp import certificate_problem
from approdo.connectors.files.sftp import fingerprint_problem
from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _

_FOLDER = When("place", frozenset({"folder"}))
_SERVER = When("place", frozenset({"sftp", "ftps", "ftp"}))
_SFTP = When("place", frozenset({"sftp"}))
_FTPS = When("place", frozenset({"ftps"}))
_FTP = When("place", frozenset({"ftp"}))


def host_problem(text: str) -> str | None:
    """Whether the text is a name or an address, without a scheme, a user or a port."""
    return None if re.fullmatch(r"[\w.-]{1,253}|[0-9a-fA-F:.]{2,45}", text) else "not_a_host"


def port_problem(number: int) -> str | None:
    """Whether there is such a port."""
    return None if 0 < number < 65536 else "not_a_port"


def agreed_problem(agreed: bool) -> str | None:
    """FTP is spoken only where somebody said that it may be read by others."""
    return None if agreed else "ftp_not_agreed"


OPTIONS = (
    Option(
        name="place",
        kind=Kind.CHOICE,
        label=_("Kind of place"),
        required=True,
        choices=(
            Choice("folder", _("Folder of this machine, or mounted on it")),
            Choice("sftp", "SFTP"),
            Choice("ftps", _("FTPS: FTP over TLS")),
            Choice("ftp", _("FTP, not encrypted")),
        ),
    ),
    Option(
        name="folder",
        kind=Kind.TEXT,
        label=_("Folder"),
        help=_(
            "Its whole path, for example /srv/erp/orders. It has to be there, and the user as whom Approdo runs has"
            " to be allowed to write into it."
        ),
        required=True,
        when=_FOLDER,
        problem=folder_problem,
    ),
    Option(
        name="unencrypted",
        kind=Kind.FLAG,
        label=_("Password and documents may be read by others on the way"),
        help=_("FTP without TLS encrypts nothing. Take FTPS or SFTP wherever the server offers one of them."),
        default=False,
        when=_FTP,
        problem=agreed_problem,
    ),
    Option(
        name="host",
        kind=Kind.TEXT,
        label=_("Server"),
        help=_("Its name or address, for example sftp.example.com."),
        required=True,
        when=_SERVER,
        problem=host_problem,
    ),
    Option(
        name="port",
        kind=Kind.NUMBER,
        label=_("Port"),
        help=_("Left empty: 22 for SFTP, 21 for FTP."),
        when=_SERVER,
        problem=port_problem,
    ),
    Option(name="user", kind=Kind.TEXT, label=_("User"), required=True, when=_SERVER),
    Option(
        name="password",
        kind=Kind.SECRET,
        label=_("Password"),
        help=_("For SFTP give a password or a private key, or both where the server wants both."),
        when=_SERVER,
    ),
    Option(
        name="private_key",
        kind=Kind.SECRET,
        label=_("Private key"),
        help=_("The whole text of the file, from its line BEGIN to its line END, as ssh-keygen makes it."),
        when=_SFTP,
        lines=True,
    ),
    Option(
        name="passphrase",
        kind=Kind.SECRET,
        label=_("Passphrase of the key"),
        help=_("Only where the key is encrypted."),
        when=_SFTP,
    ),
    Option(
        name="host_key",
        kind=Kind.TEXTS,
        label=_("Fingerprint of the host key"),
        help=_(
            "By it the server is known: nothing is told to another one. It begins with SHA256: and whoever keeps the"
            " server can tell it; Test connection shows the one that was seen. Several are separated by commas."
        ),
        when=_SFTP,
        problem=fingerprint_problem,
    ),
    Option(
        name="certificate",
        kind=Kind.TEXT,
        label=_("Fingerprint of the certificate"),
        help=_(
            "Left empty, the certificate has to be issued by an authority that this machine knows, for this server."
            " For one of your own enter its SHA-256 fingerprint; Test connection shows the one that was seen."
        ),
        when=_FTPS,
        problem=certificate_problem,
    ),
    Option(
        name="directory",
        kind=Kind.TEXT,
        label=_("Directory"),
        help=_("Where files are put, as the server names it. Left empty: where the user gets to by signing in."),
        when=_SERVER,
    ),
)
