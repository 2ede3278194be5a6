"""What the REST API alone has to say: about tokens, addresses, bodies and parameters."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from approdo.nodes.sentences import Explanation, explain
from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

SENTENCES: Mapping[str, Sentence] = {
    # who calls
    "token_missing": Sentence(
        _("This address needs a token."),
        _("Send the header “Authorization: Bearer TOKEN”; `approdo token add` makes one."),
    ),
    "token_unknown": Sentence(
        _("This token is not known."),
        _("Check that it was copied whole; it may have been deleted. `approdo token add` makes a new one."),
    ),
    "scope_missing": Sentence(
        _("The token lacks the scope {scopes}."), _("Use a token that has it: `approdo token add --scope …`.")
    ),
    "token_bound": Sentence(
        _("This token is only for the connector “{connector}”."),
        _("Use a token that is not bound to a connector."),
    ),
    # what is called
    "no_such_address": Sentence(_("There is nothing at this address."), _("Every address is described at {docs}.")),
    "not_found": Sentence(_("There is no {kind} with the number {id}.")),
    "method_not_allowed": Sentence(_("{method} is not possible here."), _("Possible: {allowed}.")),
    # what is sent
    "not_json": Sentence(
        _("The body has to be JSON, not “{content_type}”."),
        _("Send the header “Content-Type: application/json”."),
    ),
    "not_json_or_xml": Sentence(
        _("The body has to be JSON or XML, not “{content_type}”."),
        _("Send the header “Content-Type: application/json”, or “application/xml”."),
    ),
    "not_a_table_type": Sentence(
        _("A table is sent as CSV, XLSX or JSON, not as “{content_type}”."),
        _("Send the header “Content-Type: text/csv”, or that of XLSX or JSON."),
    ),
    "not_a_list_of_rows": Sentence(_("The body has to be a JSON list of objects, one for each row.")),
    "bad_json": Sentence(_("The body is not valid JSON: {reason}."), _("Correct the body and send it again.")),
    "body_too_large": Sentence(_("The body is too large."), _("Send less at once.")),
    "nul_character": Sentence(_("A text holds the character U+0000, which cannot be stored.")),
    "invalid_request": Sentence(
        _("Some values are not valid: {fields}."),
        _("“errors” says what is wrong with each. Nothing was changed."),
    ),
    "not_an_object": Sentence(_("This has to be a JSON object.")),
    "not_valid": Sentence(_("This value is not valid: {reason}.")),
    "choices": Sentence(_("This has to be one of: {expected}.")),
    "limit_out_of_range": Sentence(_("This has to be a whole number from 1 to 200.")),
    "parameter_unknown": Sentence(_("There is no such parameter here."), _("Known: {known}.")),
    "parameter_twice": Sentence(_("This parameter was given more than once.")),
    "parameter_empty": Sentence(_("This parameter is empty."), _("Leave it out, or give it a value.")),
    "not_a_moment": Sentence(
        _("“{value}” is not a moment in ISO 8601 with its time zone."),
        _("Write it as 2026-05-01T00:00:00Z; in an address, “+” is written %2B."),
    ),
    # what was wanted
    "name_taken": Sentence(
        _("There is already a {kind} called “{name}”."),
        _("Change that one with PATCH, or choose another name."),
    ),
    "row_exists": Sentence(_("There is already this {kind}."), _("Change that one with PATCH.")),
    "run_ended": Sentence(_("Run {id} has already ended.")),
    # what failed
    "unexpected": Sentence(
        _("Approdo itself failed."), _("This is a bug: please report it with the log of this time.")
    ),
}


def explained(code: str, params: Mapping[str, Any]) -> Explanation:
    """The sentence of a code, ours or the common catalogue's, in the language of whoever asks."""
    own = SENTENCES.get(code)
    if own is None:
        return explain(code, params)
    return Explanation(gettext(own.message).format_map(params), gettext(own.hint).format_map(params))
