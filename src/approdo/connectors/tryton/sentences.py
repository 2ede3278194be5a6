"""What each code of this folder says to the person at the order desk, and what to do next."""

from collections.abc import Mapping

from approdo.sdk.errors import Sentence
from approdo.sdk.text import marked as _

_BY_ITSELF = _("Nothing to do: it is tried again by itself. If it lasts, look at Tryton's own log.")
_IN_TRYTON = _("Mend it in Tryton, then let the order be exported again.")

_SIGN_IN = {
    "tryton_sign_in_refused": Sentence(
        _("Tryton does not let “{user}” in: the user or the password is wrong."),
        _("Correct them in the node. After several wrong ones Tryton refuses the right one for some minutes, too."),
    ),
    "tryton_login_asks": Sentence(
        _("Tryton wants more than a password from this user: {message}"),
        _("Take a user of its own for Approdo, one that signs in with a password alone."),
    ),
    "tryton_no_database": Sentence(
        _("Tryton has no database “{database}”."), _("Correct address and database in the node.")
    ),
    "tryton_not_there": Sentence(
        _("What answers at {host} is not Tryton (status {status})."),
        _("Enter the address at which Tryton's web client opens, without the part after #."),
    ),
    "tryton_no_company": Sentence(
        _("This user of Tryton has no company called “{company}”."),
        _("Write the company's name as its party has it, and give the user in Tryton this company."),
    ),
    "tryton_user_without_company": Sentence(
        _("This user of Tryton works for no company."), _("In Tryton give the user a company, or name it in the node.")
    ),
    "tryton_session_over": Sentence(_("Tryton's session is over."), _BY_ITSELF),
    "tryton_session_lost": Sentence(
        _("Tryton ended a session that it had just begun."),
        _("Behind several servers of Tryton, all of them need the same database; see its log."),
    ),
}

_CALLS = {
    "tryton_forbidden": Sentence(
        _("Tryton does not let this user call {method}."), _("Give the user in Tryton the group Sales.")
    ),
    "tryton_cannot_read": Sentence(
        _("Tryton does not let this user read {model}: {message}"), _("Give the user in Tryton the group Sales.")
    ),
    "tryton_says_no": Sentence(_("Order {number}: Tryton says: {message}"), _IN_TRYTON),
    "tryton_asks": Sentence(
        _("Order {number}: Tryton asks a question that only a person can answer: {message}"),
        _("Open the order's sale in Tryton and answer there, then let the order be exported again."),
    ),
    "tryton_failed": Sentence(
        _("Order {number}: Tryton failed by itself in {method}: {message}"), _("Tryton's own log says more.")
    ),
    "tryton_status": Sentence(_("Tryton did not take {method} (status {status})."), _("Tryton's own log says more.")),
    "tryton_changed_meanwhile": Sentence(_("Somebody changed the same sale in Tryton at that moment."), _BY_ITSELF),
    "tryton_database": Sentence(_("Tryton's database failed: {message}"), _BY_ITSELF),
    "tryton_unavailable": Sentence(_("Tryton at {host} is not available (status {status})."), _BY_ITSELF),
    "tryton_unreadable": Sentence(
        _("What {host} answered to {method} is not Tryton's."), _("A proxy or a firewall may have answered instead.")
    ),
    "tryton_unreachable": Sentence(
        _("No whole answer came from Tryton at {host} ({reason})."),
        _("Check the address and that Tryton runs. Nothing is doubled: its sales are looked up before any is made."),
    ),
}

_SETTINGS = {
    "tryton_not_https": Sentence(
        _("“{value}” would send the password in the clear."),
        _("Write https://…; http is for this machine and your own network only, as http://192.168.1.10:8000."),
    ),
    "tryton_no_party": Sentence(
        _("Parties in Tryton with the code or identifier “{party}”: {many}."),
        _("Write into the connector the code of the one party that stands for Amazon."),
    ),
    "tryton_no_piece_unit": Sentence(
        _("Units in Tryton with the symbol “{symbol}”: {many}."),
        _("Write into the connector the English symbol of the unit that is one piece."),
    ),
}

_ORDERS = {
    "tryton_unknown_vendor": Sentence(
        _("Order {number}: no party in Tryton has “{vendor_code}” as its code or identifier."), _IN_TRYTON
    ),
    "tryton_several_parties": Sentence(
        _("Order {number}: several parties in Tryton have “{vendor_code}” as their code or identifier."), _IN_TRYTON
    ),
    "tryton_unknown_currency": Sentence(_("Order {number}: Tryton has no currency {currency}."), _IN_TRYTON),
    "tryton_unknown_ship_to": Sentence(
        _("Order {number}: “{party}” has no address for {ship_to} in Tryton."),
        _("Add the address there, with the centre's code in Party Name; then let the order be exported again."),
    ),
    "tryton_several_addresses": Sentence(
        _("Order {number}: “{party}” has {many} addresses for {ship_to} in Tryton."),
        _("Leave the centre's code in the Party Name of one of them; then let the order be exported again."),
    ),
    "tryton_no_sku": Sentence(
        _("Order {number}: lines without an own SKU: {codes}."),
        _("Recode them, then let the order be exported again."),
    ),
    "tryton_unknown_sku": Sentence(
        _("Order {number}: no product in Tryton has the code {codes}."),
        _("Add the product in Tryton or correct the recoding; then let the order be exported again."),
    ),
    "tryton_several_products": Sentence(
        _("Order {number}: several products in Tryton have the code {codes}."), _IN_TRYTON
    ),
    "tryton_not_salable": Sentence(_("Order {number}: not salable in Tryton: {codes}."), _IN_TRYTON),
    "tryton_not_by_piece": Sentence(
        _("Order {number}: {sku} is not ordered by the piece, or has no price for one."),
        _("Enter this order in Tryton by hand."),
    ),
    "tryton_no_pieces": Sentence(
        _("Order {number}: {sku} is sold by {unit} in Tryton, which does not count pieces ({piece})."), _IN_TRYTON
    ),
    "tryton_no_whole_units": Sentence(
        _("Order {number}: {eaches} pieces of {sku} do not come out even in its unit, {unit} of {pieces}."),
        _("Sell it by a smaller unit in Tryton, or enter this order by hand."),
    ),
    "tryton_price_digits": Sentence(
        _("Order {number}: the price of {sku}, {price} a piece, cannot be written per {unit} with {digits} decimals."),
        _("Raise price_decimal in Tryton's settings or sell it by the piece, then let the order be exported again."),
    ),
}

_SALES = {
    "tryton_sale_not_open": Sentence(
        _("Order {number} changed, but its sale {sale} is {state} in Tryton already. Not the same: {differences}."),
        _("Change it there by hand, or reset it to draft; then let the order be exported again."),
    ),
    "tryton_cancelled_too_late": Sentence(
        _("Order {number} was cancelled, but its sale {sale} is {state} in Tryton already."),
        _("Stop and cancel it there; then let the order be exported again."),
    ),
    "tryton_sale_cancelled": Sentence(
        _("Order {number} stands, but its sale {sale} was cancelled in Tryton."),
        _("Reset it to draft there, then let the order be exported again."),
    ),
    "tryton_several_sales": Sentence(
        _("Order {number} has several sales in Tryton: {sales}."),
        _("Cancel there all but one, then let the order be exported again."),
    ),
}

_CHECK = {
    "tryton_signed_in": Sentence(_("Tryton {version} lets “{user}” in, for the company “{company}”.")),
    "tryton_modules_there": Sentence(_("The modules that are needed are activated: {modules}.")),
    "tryton_modules_missing": Sentence(
        _("Not activated in Tryton: {modules}."), _("Activate them in Tryton, under Administration > Modules.")
    ),
    "tryton_may": Sentence(_("The user may read and write what is needed.")),
    "tryton_may_not": Sentence(
        _("The user has no rights in Tryton to: {rights}."), _("Give the user in Tryton the group Sales.")
    ),
    "tryton_not_signed_in": Sentence(_("Not tried, because signing in failed.")),
}

SENTENCES: Mapping[str, Sentence] = {**_SIGN_IN, **_CALLS, **_SETTINGS, **_ORDERS, **_SALES, **_CHECK}

AUTHORIZATION_CODES = frozenset(
    {
        "tryton_sign_in_refused",
        "tryton_login_asks",
        "tryton_no_company",
        "tryton_user_without_company",
        "tryton_forbidden",
        "tryton_cannot_read",
    }
)
"""Those that mean that Tryton does not let the node's user in, or not where a run has to go."""
