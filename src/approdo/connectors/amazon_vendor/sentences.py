"""What each code of this folder says to the person at the order desk, and what to do next."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

_NEW_SECRET = _(
    "In Vendor Central open Integration > API Integration, view the LWA credentials and copy client"
    " id and secret into the node. If the secret is 180 days old, make a new one there first."
)
_AUTHORISE_AGAIN = _(
    "In Vendor Central open Integration > API Integration, choose Authorize beside the application,"
    " and put the new refresh token into the node."
)
_RESTRICTED_ROLE = _(
    "Direct Fulfillment orders need the role “Direct-to-Consumer Shipping (Restricted)”. Request it for the"
    " application, authorise the application again in Vendor Central afterwards, and put the new refresh token"
    " into the node: the old one does not get the role."
)
_BY_ITSELF = _("Nothing to do: the next run tries again. If it lasts for hours, look at the log.")

_SIGN_IN = {
    "client_refused": Sentence(_("Amazon does not accept the client id or secret."), _NEW_SECRET),
    "refresh_token_refused": Sentence(
        _("Amazon no longer accepts the refresh token: wrong, revoked, or another application's."),
        _AUTHORISE_AGAIN,
    ),
    "application_not_authorised": Sentence(
        _("Amazon says the application is not authorised ({amazon_code})."), _AUTHORISE_AGAIN
    ),
    "sign_in_refused": Sentence(
        _("Login with Amazon refused to sign in ({amazon_code})."),
        _("Check client id, client secret and refresh token in the node: each copied whole."),
    ),
    "sign_in_address_wrong": Sentence(
        _("There is no sign-in at the token address (status {status})."),
        _("Correct the token address in the node; a simulator's ends in /auth/o2/token."),
    ),
    "sign_in_unavailable": Sentence(_("Login with Amazon is not available now (status {status})."), _BY_ITSELF),
    "sign_in_unreadable": Sentence(
        _("What answered is not Login with Amazon (status {status})."),
        _("Check the node's region; a proxy or firewall on the way can also answer instead."),
    ),
}

_CALLS = {
    "access_refused": Sentence(
        _("Amazon refused access to {operation} ({status} {amazon_code})."),
        _(
            "Usually a role is missing: the application needs “Amazon Fulfillment” or “Inventory"
            " and Order Tracking”. After adding a role, authorise the application again in Vendor"
            " Central and put the new refresh token into the node: the old one does not get the"
            " role. Check also that the node's region is your account's."
        ),
    ),
    "restricted_access_refused": Sentence(
        _("Amazon refused access to {operation} ({status} {amazon_code})."), _RESTRICTED_ROLE
    ),
    "restricted_role_missing": Sentence(
        _("Amazon gives this application no access to consumers' data ({amazon_message})."), _RESTRICTED_ROLE
    ),
    "status_refused": Sentence(
        _("Amazon refused access to {operation} ({status} {amazon_code}): the orders were read, their status was not."),
        _(
            "The application needs the role “Amazon Fulfillment” or “Inventory and Order Tracking”. After adding it,"
            " authorise the application again in Vendor Central and put the new refresh token into the node; the"
            " next run then reads what is missing. Or switch off “Read order status too?” in the configuration."
        ),
    ),
    "request_refused": Sentence(
        _("Amazon refused the request {operation}: {amazon_message} ({status} {amazon_code})."),
        _("Run again. If it comes back, report it with the request id {request_id}."),
    ),
    "page_token_refused": Sentence(
        _("Amazon no longer takes the token of the next page."),
        _("The window is read again from its first page; nothing is lost."),
    ),
    "request_too_large": Sentence(
        _("Amazon found the request {operation} too large."), _("Please report it as a bug.")
    ),
    "not_found": Sentence(
        _("Amazon found nothing for {operation} ({amazon_code})."),
        _("Check that the node's region and refresh token belong to the same account."),
    ),
    "throttled": Sentence(
        _("Amazon kept answering that its limit of requests was exceeded."),
        _(
            "The next run tries again. Another program with the same credentials uses up the same"
            " limit: let the two not run at the same time."
        ),
    ),
    "amazon_unavailable": Sentence(_("Amazon did not manage to answer {operation} (status {status})."), _BY_ITSELF),
    "unexpected_status": Sentence(
        _("The answer to {operation} has the unexpected status {status}."),
        _("Check the node's region or API address; a proxy can also answer in Amazon's place."),
    ),
    "unreadable_answer": Sentence(
        _("Amazon's answer is not a page of orders: {detail}."),
        _("It was not taken for an empty page. The next run asks for it again."),
    ),
    "unreachable": Sentence(
        _("No whole answer came from {host} ({reason})."),
        _("Check this machine's connection, name resolution and firewall; then run again."),
    ),
}

_ORDERS = {
    "repeated_page_token": Sentence(
        _("Amazon names the same next page again and again."),
        _("The window is not complete; the next run reads it again."),
    ),
    "order_outside_window": Sentence(
        _("{count} orders lie outside the time that was asked for ({start} to {end}): {examples}."),
        _("They were taken in all the same."),
    ),
    "status_outside_window": Sentence(
        _("{count} order statuses lie outside the time that was asked for ({start} to {end}): {examples}."),
        _("They were taken in all the same."),
    ),
    "not_an_order_number": Sentence(
        _("“{number}” is not an order number."),
        _("It has letters and digits only, usually eight, for example 2JK3S9VC."),
    ),
    "order_not_found": Sentence(
        _("Amazon does not find the order {number} for this account."),
        _("Check number and node. Amazon keeps orders for six months."),
    ),
    "other_order_returned": Sentence(
        _("Asked for order {number}, Amazon answered with {returned}."), _("Try again later.")
    ),
    "unexpected_shape": Sentence(_("it is not built like an order ({detail})")),
    "not_an_amount": Sentence(_("“{value}” in the field “{field}” is not a number")),
}

_OPTIONS = {
    "not_https": Sentence(
        _("“{value}” would send secrets in the clear."),
        _("Write https://…; http is for this machine only, as http://127.0.0.1:9000."),
    ),
    "no_such_time_zone": Sentence(_("“{value}” is not a time zone."), _("Write it as Europe/Rome.")),
}

_CHECK = {
    "signed_in": Sentence(_("Signing in works.")),
    "operation_works": Sentence(_("{operation} works.")),
    "not_signed_in": Sentence(_("Not tried, because signing in failed.")),
    "direct_fulfillment_refused": Sentence(
        _("{operation} is refused ({status} {amazon_code}). Only Direct Fulfillment needs it."), _RESTRICTED_ROLE
    ),
    "no_recent_order": Sentence(_("Not tried: there is no order of the last {days} days to try it with.")),
    "clock_behind": Sentence(
        _("This machine's clock is {minutes} minutes behind Amazon's."),
        _("Set the clock, best by NTP: the newest orders are missed until it catches up."),
    ),
    "clock_ahead": Sentence(
        _("This machine's clock is {minutes} minutes ahead of Amazon's."),
        _("Set the clock, best by NTP."),
    ),
    "secret_expires": Sentence(
        _("The client secret is {age} days old; Amazon ends it in {days_left} days."), _NEW_SECRET
    ),
    "secret_expired": Sentence(
        _("By its date the client secret has expired: it is {age} days old, 180 are allowed."),
        _NEW_SECRET,
    ),
}

SENTENCES: Mapping[str, Sentence] = {**_SIGN_IN, **_CALLS, **_ORDERS, **_OPTIONS, **_CHECK}
"""By code. The few that other types share stand in `approdo.sdk.sentences`."""

AUTHORIZATION_CODES = frozenset(
    {
        "client_refused",
        "refresh_token_refused",
        "application_not_authorised",
        "sign_in_refused",
        "access_refused",
        "restricted_access_refused",
        "restricted_role_missing",
        "status_refused",
    }
)
"""Those that mean that Amazon no longer lets us in, or not where a run has to go."""
