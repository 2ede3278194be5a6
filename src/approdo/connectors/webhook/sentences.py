"""The sentences of a webhook's own codes; those of any message to an entered address are the sdk's."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

SENTENCES: Mapping[str, Sentence] = {
    "webhook_works": Sentence(_("{host} took a signed test message (status {status}).")),
    "http_outside": Sentence(
        _("http:// does not encrypt: it is for receivers inside your own network."),
        _("Switch this on if the receiver is there, else enter an address that begins with https://."),
    ),
    "not_a_header": Sentence(
        _("“{value}” cannot be the name of this header."),
        _("Write it as Authorization or X-Api-Key; those that the message itself has are taken."),
    ),
    "not_a_header_value": Sentence(
        _("A header cannot hold this value."), _("Letters, digits and signs of plain ASCII, at most 2,000.")
    ),
    "documents_out_of_range": Sentence(_("A message holds 1 to 200 documents.")),
    "webhook_failed": Sentence(
        _("{host} failed to take it (status {status})."),
        _("It is tried again by itself; the receiver's own log says why it failed."),
    ),
    "webhook_busy": Sentence(
        _("{host} asks for {retry_after} seconds of rest (status {status})."),
        _("It is tried again by itself once they are over."),
    ),
    "webhook_answer_too_long": Sentence(
        _("{host} answered more than {most} KB."),
        _("The receiver is to answer 2xx with nothing, or with the short list that the manual describes."),
    ),
    "webhook_answer_broken": Sentence(
        _("The answer of {host} broke off."), _("It is tried again by itself; see whether the receiver runs.")
    ),
    "webhook_gone": Sentence(
        _("{host} says that it is gone for good (status 410)."),
        _(
            "Enter the receiver's new address in the node, or switch the connector off."
            " The batch waits; each run tries it."
        ),
    ),
    "webhook_not_let_in": Sentence(
        _("{host} does not let us in (status {status})."),
        _("Compare the signing secret and the sign-in with the receiver's. The batch waits; each run tries it."),
    ),
    "webhook_not_there": Sentence(
        _("{host} takes no messages at this address (status {status})."),
        _("Compare the node's address with the receiver's. The batch waits; each run tries it."),
    ),
    "webhook_too_large": Sentence(
        _("The message is too large for {host} (status 413)."),
        _(
            "Allow larger ones there and send the batch again; or lower the documents in a message and export its"
            " documents again."
        ),
    ),
    "document_refused": Sentence(
        _("The receiver did not take {number}. It says: “{said}”."),
        _("Mend what it says, then let the document be exported again."),
    ),
}
