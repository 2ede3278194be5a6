"""Everything that can be made to go wrong, as one table: each dial is a row, with what it does.

A dial either answers in Amazon's place (`instead`), or spoils a page that was right (`page`), or
does neither: then the server (on the wire), the login or the operation acts on its name. Reports:
reference 18.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from amazon_simulator import dirt
from amazon_simulator.listing import Listing, Page
from amazon_simulator.login import oauth_error
from amazon_simulator.messages import Answer, errors, html, invalid_input, no_access, unauthorized
from amazon_simulator.paging import Position

Value = float | str | None
On = Literal["call", "login", "restricted_token", "list", "next_page"]


@dataclass(frozen=True)
class Dial:
    """A fault. `on` says which requests it can strike; `value` what its value means, if any."""

    name: str
    does: str
    on: On = "call"
    value: str = ""
    default: Value = None
    instead: Callable[[Value], Answer] | None = None
    page: Callable[[Listing[Any], Page, Value], None] | None = None


def _throttled(retry_after: Value) -> Answer:
    answer = quota_exceeded()
    if retry_after is None:
        return answer
    return replace(answer, headers={"Retry-After": f"{float(retry_after):g}"})


def quota_exceeded() -> Answer:
    """429 (reference 4.1)."""
    return errors(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")


def _without_orders(value: Value) -> Answer:
    bodies = {"empty": b"{}", "null": b'{"orders":null}'}
    return Answer(200, bodies.get(str(value), b'{"payload":{}}'))


def _repeat_token(listing: Listing[Any], page: Page, _: Value) -> None:
    page.next_token = listing.token_at(listing.position)


def _empty_page(listing: Listing[Any], page: Page, _: Value) -> None:
    here = listing.position
    page.orders = []
    page.next_token = listing.token_at(Position(here.after, here.empty_pages + 1))


def _leak_outside_window(listing: Listing[Any], page: Page, _: Value) -> None:
    entry = listing.outside_window()
    page.orders[:0] = [listing.encode(entry)] if entry else []


def _leak_outside_filter(listing: Listing[Any], page: Page, _: Value) -> None:
    entry = listing.outside_filter()
    page.orders[:0] = [listing.encode(entry)] if entry else []


def _repeat_orders(listing: Listing[Any], page: Page, _: Value) -> None:
    entry = listing.former()
    page.orders[:0] = [listing.encode(entry)] if entry else []


_HOW_MANY = "how many orders of a page, from the first"

DIALS: Mapping[str, Dial] = {
    dial.name: dial
    for dial in (
        # On the wire.
        Dial("slow", "Every answer is late.", value="milliseconds", default=200),
        Dial("hang", "No answer; the connection closes in the end.", value="seconds", default=30),
        Dial("reset", "The connection is reset (RST) instead of an answer."),
        Dial("cut_body", "The connection is closed in the middle of the body.",
             value="bytes of the body that are sent (default: half)"),
        # The gateway, or an Amazon that is not itself.
        Dial("http_502_html", "502 with an HTML page from a gateway.",
             instead=lambda _: html(502, "Bad Gateway")),
        Dial("http_503_empty", "503 without the error envelope: an empty body.",
             instead=lambda _: Answer(503)),
        Dial("http_500", "500 InternalFailure.", instead=lambda _: errors(
             500, "InternalFailure", "We encountered an internal error. Please try again.")),
        Dial("not_json", "200 with an HTML page where JSON belongs.",
             instead=lambda _: html(200, "Service notice")),
        Dial("ok_without_orders", "200 with a payload that lacks the list of orders.", on="list",
             value='"payload" for {"payload":{}}, "empty" for {}, "null" for {"orders":null}',
             default="payload",
             instead=_without_orders),
        Dial("ok_null_payload", "200 with a payload of null.", on="list",
             instead=lambda _: Answer(200, b'{"payload":null}')),
        # Refusals.
        Dial("throttle", "429 QuotaExceeded, however slow the client is.",
             value="Retry-After in seconds (default: none, as Amazon)", instead=_throttled),
        Dial("spurious_400", "400 InvalidInput in the middle of paging, for no reason.",
             on="next_page", instead=lambda _: invalid_input("")),
        Dial("forbidden", "403, as when the role for an operation is missing.",
             instead=lambda _: unauthorized()),
        Dial("expired_access_token", "The access token just used is over, before its time."),
        # Login with Amazon.
        Dial("short_access_token", "Access tokens live only this long.", on="login",
             value="seconds", default=2),
        Dial("revoked_refresh_token", "The login says invalid_grant: access was revoked.",
             on="login", instead=lambda _: oauth_error(
                 400, "invalid_grant", "The refresh token is not valid or was revoked.")),
        Dial("wrong_secret", "The login says invalid_client: the secret is wrong or has expired.",
             on="login", instead=lambda _: oauth_error(
                 401, "invalid_client", "Client authentication failed")),
        # Restricted data tokens, and what they show.
        Dial("rdt_refused", "No restricted data token: the restricted role is missing.",
             on="restricted_token", instead=lambda _: no_access()),
        Dial("short_rdt", "Restricted data tokens live only this long, and say so.",
             on="restricted_token", value="seconds", default=2),
        Dial("early_rdt", "Restricted data tokens are over after this long, but say an hour.",
             on="restricted_token", value="seconds", default=2),
        Dial("masked_addresses", "A shipToParty reads xxxxx, as where only Amazon's labels are used."),
        # What is not known of Amazon (reference 11.1, 14): without this, a change of state moves
        # an order into no window. It must be on for all pages of a listing.
        Dial("state_change_reappears", "A mere change of state shows an order once more: Retail's in the"
             " changed window of that moment, Direct Fulfillment's in the created one.", on="list"),
        Dial("silent_receipts", "A receipt is no update: it moves neither the date nor the updated window.",
             on="list"),
        # Pages that are not what was asked for.
        Dial("repeat_token", "A page names itself as the next one.", on="next_page",
             page=_repeat_token),
        Dial("empty_page_with_token", "An empty page that has a next page; nothing is lost.",
             on="list", page=_empty_page),
        Dial("leak_outside_window", "A page holds an order from outside the window.", on="list",
             page=_leak_outside_window),
        Dial("leak_outside_filter", "A page holds an order that the filters exclude.", on="list",
             page=_leak_outside_filter),
        Dial("repeat_orders", "A page begins with the last order of the page before.",
             on="next_page", page=_repeat_orders),
        Dial("unknown_enums", "Orders use states, types and units that the model does not list.",
             on="list", page=dirt.unknown_enums),
        Dial("missing_fields", "Orders lack members that they should have.", on="list",
             value="names of the members, with commas", page=dirt.missing_fields,
             default="purchaseOrderState,purchaseOrderStateChangedDate,buyingParty,netCost,"
             "orderStatus,netPrice"),
        Dial("null_fields", "Orders hold null wherever they can be understood without.", on="list",
             page=dirt.null_fields),
        Dial("exponents", "Amounts of money with exponents: 1010E-2.", on="list", page=dirt.exponents),
        Dial("negative_quantities", "Quantities below zero.", on="list", page=dirt.negative_quantities),
        Dial("priced_by_weight", "Costs per kilogram.", on="list", page=dirt.priced_by_weight),
        Dial("many_lines", "The first order of a page is long.", on="list", value="lines",
             default=dirt.MANY_LINES, page=dirt.many_lines),
        Dial("strange_names", "Names, addresses and codes that are hostile or foreign.", on="list",
             value='"html", "formula", "scripts", or any text', default="html", page=dirt.strange_names),
        Dial("numbers_for_strings", "Numbers where strings are promised, and the reverse.", on="list",
             page=dirt.numbers_for_strings),
        Dial("odd_dates", "Dates without a zone.", on="list", default="",
             value="a text instead of every date but the order's own", page=dirt.odd_dates),
        Dial("nul_characters", "NUL characters in texts.", on="list", page=dirt.nul_characters),
        Dial("duplicate_keys", "Members that stand twice; the last is right.", on="list",
             page=dirt.duplicate_keys),
        # Orders that nobody can read, beside others on the same page.
        Dial("lone_surrogate", "Half of a UTF-16 pair in a text.", on="list", value=_HOW_MANY,
             default=1, page=dirt.lone_surrogate),
        Dial("invalid_utf8", "Bytes that are no UTF-8 in a text.", on="list", value=_HOW_MANY,
             default=1, page=dirt.invalid_utf8),
        Dial("deep_nesting", "A list in a list, 20,000 times.", on="list", value=_HOW_MANY,
             default=1, page=dirt.deep_nesting),
        Dial("unreadable_amount", "A net cost that is no number.", on="list", value=_HOW_MANY,
             default=1, page=dirt.unreadable_amount),
    )
}  # fmt: skip
