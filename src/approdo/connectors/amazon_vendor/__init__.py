"""Amazon Vendor: one node is one vendor group of Vendor Central, reached through the SP-API."""

from approdo.connectors.amazon_vendor.check import SECRET_LIFE, check
from approdo.connectors.amazon_vendor.client import identity
from approdo.connectors.amazon_vendor.download_orders import DOWNLOAD_ORDERS
from approdo.connectors.amazon_vendor.regions import (
    CUSTOM,
    MARKETPLACES,
    REGIONS,
    time_zone,
    url_problem,
    zone_problem,
)
from approdo.connectors.amazon_vendor.sentences import AUTHORIZATION_CODES, SENTENCES
from approdo.sdk.connector import NodeType
from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _

_ONLY_CUSTOM = When("region", frozenset({CUSTOM}))
_ONLY_AMAZON = When("region", frozenset(REGIONS))

_OPTIONS = (
    Option(
        name="region",
        kind=Kind.CHOICE,
        label=_("Region"),
        help=_(
            "The part of the world your Vendor Central account belongs to. Europe also holds the"
            " Middle East, Africa and India; North America also holds Brazil and Mexico."
        ),
        required=True,
        choices=(
            *(Choice(region, label) for region, label in REGIONS.items()),
            Choice(CUSTOM, _("Custom address (a simulator)")),
        ),
    ),
    Option(
        name="sandbox",
        kind=Kind.FLAG,
        label=_("Sandbox"),
        help=_("Talk to Amazon's sandbox. It answers a few fixed examples, never your orders."),
        default=False,
        when=_ONLY_AMAZON,
    ),
    Option(
        name="api_url",
        kind=Kind.URL,
        label=_("API address"),
        help=_("For example http://127.0.0.1:9000. Other machines are reached by https only."),
        required=True,
        when=_ONLY_CUSTOM,
        problem=url_problem,
    ),
    Option(
        name="token_url",
        kind=Kind.URL,
        label=_("Token address"),
        help=_("Where access tokens are issued, for example http://127.0.0.1:9000/auth/o2/token."),
        required=True,
        when=_ONLY_CUSTOM,
        problem=url_problem,
    ),
    Option(
        name="marketplace",
        kind=Kind.CHOICE,
        label=_("Marketplace"),
        help=_(
            "The country you mainly sell to. It gives currency, time zone and rules, and is the marketplace of an order"
            " whose destination's country is not known."
            " Orders of every country your account is enabled for are downloaded all the same."
        ),
        choices=tuple(Choice(place.country, place.name) for place in MARKETPLACES.values()),
    ),
    Option(
        name="time_zone",
        kind=Kind.TEXT,
        label=_("Time zone"),
        help=_(
            "In which Amazon's delivery dates are read, for example Europe/Rome. Left empty, it is the marketplace's."
        ),
        problem=zone_problem,
    ),
    Option(
        name="client_id",
        kind=Kind.TEXT,
        label=_("Client id"),
        help=_(
            "In Vendor Central open Integration > API Integration, find your application and click"
            " View under LWA credentials. It starts with amzn1.application-oa2-client."
        ),
        required=True,
    ),
    Option(
        name="client_secret",
        kind=Kind.SECRET,
        label=_("Client secret"),
        help=_("Beside the client id, under LWA credentials. Amazon lets it expire after 180 days."),
        required=True,
    ),
    Option(
        name="client_secret_issued",
        kind=Kind.DATE,
        label=_("Client secret issued on"),
        help=_(
            "The day on which Amazon made this secret, shown beside it."
            " With it you are warned before the secret expires."
        ),
    ),
    Option(
        name="refresh_token",
        kind=Kind.SECRET,
        label=_("Refresh token"),
        help=_(
            "In Vendor Central under Integration > API Integration open the menu beside Edit App,"
            " choose Authorize and generate it. It starts with Atzr| and is shown only once."
            " Take a new one whenever a role is added to the application."
        ),
        required=True,
    ),
)

NODE_TYPE = NodeType(
    name="amazon_vendor",
    label="Amazon Vendor",
    options=_OPTIONS,
    connector_types=(DOWNLOAD_ORDERS,),
    identity=identity,
    time_zone=time_zone,
    marketplace=lambda options: options.get("marketplace"),
    check=check,
    sentences=SENTENCES,
    authorization_codes=AUTHORIZATION_CODES,
    secret_life=SECRET_LIFE,
)
