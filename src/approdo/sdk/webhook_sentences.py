"""The sentences of what can go wrong with a message to an address that people entered."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

SENTENCES: Mapping[str, Sentence] = {
    "not_a_signing_secret": Sentence(
        _("This is not a secret for signing."),
        _("It is whsec_ and 24 to 64 bytes in base64; `openssl rand -base64 32` makes some."),
    ),
    "name_unknown": Sentence(
        _("No address is known for {host}."),
        _("Check the name, and that this machine can resolve names."),
    ),
    "inner_address": Sentence(
        _("{host} leads to {address}, inside your own network, which is not allowed here."),
        _("If the receiver is there on purpose, switch on “Inside the own network”."),
    ),
    "forbidden_address": Sentence(
        _("{host} leads to {address}, where no receiver can be."),
        _("Enter the address at which the receiver itself answers."),
    ),
    "not_encrypted": Sentence(
        _("{host} lies outside your own network, and http:// does not encrypt."),
        _("Enter an address that begins with https://."),
    ),
    "webhook_unreachable": Sentence(
        _("No answer came from {host} ({reason})."), _("Check the address and that the receiver runs.")
    ),
    "webhook_too_slow": Sentence(
        _("{host} did not answer to the end within {seconds} seconds."),
        _("The receiver is to take the message, answer at once, and do its work afterwards."),
    ),
    "webhook_tls": Sentence(
        _("No safe connection to {host} came about: {reason}."),
        _(
            "The receiver needs a valid certificate for this name. One of your own authority is known here once"
            " SSL_CERT_FILE names a file that holds the authority's, or the system trusts it."
        ),
    ),
    "webhook_redirects": Sentence(
        _("{host} sends on to another address (status {status}), and redirects are not followed."),
        _("Enter the address at which the receiver itself answers."),
    ),
    "webhook_refused": Sentence(
        _("{host} did not take it (status {status})."), _("The receiver's own log says why; it has to answer 2xx.")
    ),
}
