"""The sentences of what has to do with handing documents over."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

EXPORT_SENTENCES: Mapping[str, Sentence] = {
    "not_a_download": Sentence(_("The connector “{name}” does not read documents.")),
    "not_an_export": Sentence(
        _("The connector “{name}” does not hand documents over."), _("Name one of the type API Export documents.")
    ),
    "batch_not_found": Sentence(
        _("There is no batch {batch} of this connector."), _("Use the name that came in X-Approdo-Batch.")
    ),
    "batch_too_old": Sentence(
        _("What the batch {batch} held is no longer kept: it was confirmed or given up more than 30 days ago."),
        _("Let its documents be handed over again, or read them with GET /documents."),
    ),
    "batch_without_once": Sentence(
        _("The connector “{name}” does not export once: it has no batches."),
        _("Leave out `batch`, and ask for the next page with `cursor`."),
    ),
    "cursor_with_once": Sentence(
        _("The connector “{name}” exports once: its next documents come by themselves."),
        _("Leave out `cursor`; confirm each batch and call again."),
    ),
    "never_handed_over": Sentence(_("This connector never got the document.")),
    "not_handed_over": Sentence(
        _("This connector has not got the newest version of the document, or has not confirmed it."),
        _("It comes by itself: at the next call, or 15 minutes after it was given out."),
    ),
    "batch_given_up": Sentence(
        _("The batch {batch} with {many} documents was given up. {reason}"),
        _("See under API › Export documents why; mend it, then have the batch sent again there."),
    ),
    "documents_refused": Sentence(
        _("{many} documents were not taken."),
        _("Each says on its page why. Mend it, then let them be exported again."),
    ),
    "no_zone_for_days": Sentence(
        _("The days of {number} cannot be told: there is no time zone “{zone}”."),
        _("Correct the time zone of the place {place}, or of the node: write it as Europe/Rome."),
    ),
    "batch_not_given_up": Sentence(
        _("The batch {batch} was not given up."), _("What did not arrive yet is tried again by itself.")
    ),
    "batch_taken_apart": Sentence(
        _("Some documents of the batch {batch} were let out again by themselves."),
        _("Let those that are left be exported again in the same way."),
    ),
    "batch_not_waiting": Sentence(_("The batch {batch} does not wait for another attempt.")),
    "export_is_sent": Sentence(
        _("The connector “{name}” sends its documents out by itself: they cannot be fetched too."),
        _("Make another connector of the type API Export documents for whoever calls."),
    ),
}
