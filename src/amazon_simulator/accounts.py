"""Vendor accounts: a refresh token opens the orders of its vendor codes (reference 2.3)."""

from dataclasses import dataclass

# These open nothing but the simulator.
CLIENT_ID = "amzn1.application-oa2-client.simulator"
CLIENT_SECRET = "simulator-secret"  # noqa: S105
REFRESH_TOKEN = "Atzr|simulator-eu"  # noqa: S105
LATER_REFRESH_TOKEN = "Atzr|simulator-eu-later"  # noqa: S105
SECOND_REFRESH_TOKEN = "Atzr|simulator-second"  # noqa: S105


@dataclass(frozen=True)
class Account:
    """A vendor group. `orders` is how many are generated; a vendor code ends with its country.

    `df_orders`: how many Direct Fulfillment orders; None for a vendor of Retail alone, to whom no
    restricted data token is given until it has such an order all the same. `later_tokens`: refresh
    tokens that were made afterwards; the first one stays good (reference 2.1).
    """

    name: str
    refresh_token: str
    vendor_codes: tuple[str, ...]
    orders: int
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    df_orders: int | None = None
    later_tokens: tuple[str, ...] = ()


def default_accounts(orders: int, df_orders: int | None = None) -> tuple[Account, ...]:
    """The account `eu` with these many orders, and `second` with a tenth of them."""
    tenth = None if df_orders is None else df_orders // 10
    countries = ("IT", "DE", "FR", "ES", "GB", "PL", "SE", "NL")
    return (
        Account(
            "eu",
            REFRESH_TOKEN,
            tuple(f"ROS{code}" for code in countries),
            orders,
            df_orders=df_orders,
            later_tokens=(LATER_REFRESH_TOKEN,),
        ),
        Account("second", SECOND_REFRESH_TOKEN, ("VERIT", "VERDE"), orders // 10, df_orders=tenth),
    )


def numbered_accounts(count: int, orders: int) -> tuple[Account, ...]:
    """The accounts `vendor-1` to `vendor-<count>`, each of Retail alone and with these many orders."""
    return tuple(
        Account(f"vendor-{number}", f"Atzr|simulator-vendor-{number}", (f"V{number:02}IT", f"V{number:02}DE"), orders)
        for number in range(1, count + 1)
    )
