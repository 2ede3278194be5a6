"""What can be said of files and where they are put."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

AUTHORIZATION_CODES = frozenset({"files_sign_in_refused", "host_key_changed", "certificate_changed"})
"""The other side no longer lets us in, or is no longer who it was."""

SENTENCES: Mapping[str, Sentence] = {
    # settings
    "not_an_absolute_path": Sentence(
        _("“{value}” is not the whole path of a folder."), _("Write it from the root on: /srv/erp/orders.")
    ),
    "not_a_host": Sentence(
        _("“{value}” is not the name of a server."), _("Write it without scheme, user and port: sftp.example.com.")
    ),
    "not_a_port": Sentence(_("{value} is not a port."), _("Ports are numbers from 1 to 65535.")),
    "not_a_fingerprint": Sentence(
        _("This is not the fingerprint of a host key."),
        _("Write it as `ssh-keygen -l` shows it: SHA256: and 43 characters."),
    ),
    "not_a_certificate_fingerprint": Sentence(
        _("This is not the SHA-256 fingerprint of a certificate."),
        _("Write it as `openssl x509 -noout -fingerprint -sha256` shows it: 32 pairs of digits."),
    ),
    "ftp_not_agreed": Sentence(
        _("FTP sends password and documents so that others on the way can read them."),
        _("Take FTPS or SFTP, or tick that this may be."),
    ),
    "unknown_name_field": Sentence(
        _("“{value}” has a field that is not known."),
        _("Fields are {{date}}, {{time}}, {{batch}}, {{number}}, {{document}} and {{version}}."),
    ),
    "not_a_file_name": Sentence(
        _("“{value}” cannot be the name of a file."),
        _("Take letters without accents, digits, hyphens, underscores and dots; it begins with a letter or a digit."),
    ),
    "file_name_too_long": Sentence(_("“{value}” is too long for the name of a file."), _("Make it shorter.")),
    "name_needs_document": Sentence(
        _("With one document in a file, “{value}” would be the name of several files."),
        _("Add {{number}} or {{document}} to it."),
    ),
    "name_of_one_document": Sentence(
        _("“{value}” has a field of one document, and a file holds several."),
        _("Leave out {{number}}, {{document}} and {{version}}, or have one document in a file."),
    ),
    "file_names_not_unique": Sentence(
        _("Two documents would be written into one file, “{name}”: nothing was written."),
        _("Add {{document}} to the file name: it is different for each."),
    ),
    "not_a_party_id": Sentence(
        _("“{value}” cannot be the id of a party in EDIFACT."), _("It has up to 35 letters or digits, without accents.")
    ),
    "not_a_qualifier": Sentence(
        _("“{value}” cannot say what kind of id it is."), _("It has up to four letters or digits: 14, ZZZ.")
    ),
    # what a place answers
    "folder_seen": Sentence(_("{place} is there.")),
    "server_answers": Sentence(_("{host} answers on port {port}.")),
    "host_key_known": Sentence(_("The server has the host key that was entered.")),
    "certificate_known": Sentence(_("The certificate counts, and the connection is encrypted.")),
    "signed_in_there": Sentence(_("The server lets us in.")),
    "directory_seen": Sentence(_("{place} is there.")),
    "written_and_removed": Sentence(_("A small file was written, renamed and removed again.")),
    "not_come_so_far": Sentence(_("Not tried, because the step before it failed.")),
    "transfer_not_encrypted": Sentence(
        _("Password and documents go unencrypted."), _("Take FTPS or SFTP wherever the server offers one of them.")
    ),
    # what goes wrong
    "folder_is_ours": Sentence(
        _("{place} belongs to Approdo itself ({home})."), _("Choose a folder outside of it: its files are ours.")
    ),
    "directory_missing": Sentence(
        _("{place} is not there."), _("Correct the path, or have the directory made; Approdo makes none.")
    ),
    "files_not_permitted": Sentence(
        _("Nothing may be written into {place} ({reason})."),
        _("The user needs the right to create, rename and delete files there."),
    ),
    "file_name_refused": Sentence(
        _("{place} does not take the name “{name}” ({reason})."), _("Change the file name of the connector.")
    ),
    "file_not_written": Sentence(
        _("{place} did not take the file: {reason}."),
        _("It is tried again. See there whether the disk is full, or what stands in the way of “{name}”."),
    ),
    "file_not_taken": Sentence(
        _("{place} will not take “{name}”: {reason}."),
        _("Ask whoever keeps the server; then let the documents be exported again."),
    ),
    "file_not_whole": Sentence(
        _("Only {size} of {sent} bytes of “{name}” came to {place}."), _("It is tried again; see there for the disk.")
    ),
    "file_in_the_way": Sentence(
        _("A file “{name}” is still in {place} and holds something else."),
        _("It is tried again until somebody has taken that file away. With {{batch}} in the name this cannot happen."),
    ),
    "files_server_unreachable": Sentence(
        _("{host} does not answer on port {port} ({reason})."), _("Check name and port, and this machine's connection.")
    ),
    "files_connection_lost": Sentence(
        _("The connection to {host} broke off ({reason})."), _("It is tried again; nothing half is there.")
    ),
    "host_key_unknown": Sentence(
        _("It is not known yet by which host key {host} can be trusted. It showed {seen} ({algorithm})."),
        _("Ask whoever keeps the server whether that is its fingerprint; if so, enter it."),
    ),
    "host_key_changed": Sentence(
        _("{host} showed another host key than the one entered: {seen} ({algorithm}). Nothing was told to it."),
        _("Ask whoever keeps the server whether its key was changed; only if so, enter the new fingerprint."),
    ),
    "no_tls": Sentence(
        _("{host} does not offer FTP over TLS."), _("Ask for SFTP or FTPS there; nothing was told to it.")
    ),
    "certificate_unknown": Sentence(
        _("The certificate of {host} is not vouched for ({reason}). Its fingerprint is {seen}."),
        _("Ask whoever keeps the server whether that is its fingerprint; if so, enter it."),
    ),
    "certificate_changed": Sentence(
        _("{host} showed another certificate than the one entered: {seen}. Nothing was told to it."),
        _("Ask whoever keeps the server whether it was renewed; only if so, enter the new fingerprint."),
    ),
    "no_way_to_sign_in": Sentence(_("Neither a password nor a private key was entered."), _("Enter one of them.")),
    "files_sign_in_refused": Sentence(
        _("{host} does not let the user “{user}” in."), _("Check user and password, or whether it knows the key.")
    ),
    "key_unreadable": Sentence(
        _("The private key cannot be read."),
        _("Enter the whole text of an RSA, ECDSA or Ed25519 key, and its passphrase if it has one."),
    ),
    "key_encrypted": Sentence(_("The private key is encrypted."), _("Enter its passphrase too.")),
    "no_sftp": Sentence(_("{host} offers no SFTP."), _("Ask whoever keeps the server.")),
}
