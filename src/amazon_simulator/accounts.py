"""Vendor accounts: a refresh token opens the orders of its vendor codes (reference 2.3)."""

from dataclasses import dataclass

# These open nothing but the simulator.
CLIENT_ID = "amzn1.application-oa2-client.simulator"
CLIENT_SECRET = "simulator-secret"  # noqa: S105
REFRESH_TOKEN = "Atzr|simulator-eu"  # noqa: S105
SECOND_REFRESH_TOKEN = "Atzr|simulator-second"  # noqa: S105


@dataclass(frozen=True)
class Account:
    """A vendor group. `orders` is how many are generated; a vendor code ends with its country."""

    name: str
    refresh_token: str
    vendor_codes: tuple[str, ...]
    orders: int
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET


def default_accounts(orders: int) -> tuple[Account, ...]:
    """The account `eu` with these many orders, and `second` with a tenth of them."""
    countries = ("IT", "DE", "FR", "ES", "GB", "PL", "SE", "NL")
    return (
        Account("eu", REFRESH_TOKEN, tuple(f"ROS{code}" for code in countries), orders),
        Account("second", SECOND_REFRESH_TOKEN, ("VERIT", "VERDE"), orders // 10),
    )
