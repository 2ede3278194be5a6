"""Where Amazon's API for vendors lives, and what each marketplace stands for (reference 3)."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from msgspec import Struct

from approdo.sdk.text import marked as _

TOKEN_URL = "https://api.amazon.com/auth/o2/token"  # noqa: S105  (an address, not a token)
"""Login with Amazon: one host for the three regions (reference 2.1)."""

CUSTOM = "custom"
REGIONS = {"eu": _("Europe"), "na": _("North America"), "fe": _("Far East")}


class Endpoints(Struct, frozen=True):
    """The addresses that one account talks to, without a slash at the end."""

    api_url: str
    token_url: str


class Marketplace(Struct, frozen=True):
    """One country's shop. `currency` is ISO 4217, `time_zone` an IANA name."""

    country: str
    name: str
    region: str
    currency: str
    time_zone: str


MARKETPLACES = {
    place.country: place
    for place in (
        Marketplace("IT", _("Italy"), "eu", "EUR", "Europe/Rome"),
        Marketplace("DE", _("Germany"), "eu", "EUR", "Europe/Berlin"),
        Marketplace("FR", _("France"), "eu", "EUR", "Europe/Paris"),
        Marketplace("ES", _("Spain"), "eu", "EUR", "Europe/Madrid"),
        Marketplace("GB", _("United Kingdom"), "eu", "GBP", "Europe/London"),
        Marketplace("IE", _("Ireland"), "eu", "EUR", "Europe/Dublin"),
        Marketplace("NL", _("Netherlands"), "eu", "EUR", "Europe/Amsterdam"),
        Marketplace("BE", _("Belgium"), "eu", "EUR", "Europe/Brussels"),
        Marketplace("PL", _("Poland"), "eu", "PLN", "Europe/Warsaw"),
        Marketplace("SE", _("Sweden"), "eu", "SEK", "Europe/Stockholm"),
        Marketplace("TR", _("Türkiye"), "eu", "TRY", "Europe/Istanbul"),
        Marketplace("AE", _("United Arab Emirates"), "eu", "AED", "Asia/Dubai"),
        Marketplace("SA", _("Saudi Arabia"), "eu", "SAR", "Asia/Riyadh"),
        Marketplace("EG", _("Egypt"), "eu", "EGP", "Africa/Cairo"),
        Marketplace("ZA", _("South Africa"), "eu", "ZAR", "Africa/Johannesburg"),
        Marketplace("IN", _("India"), "eu", "INR", "Asia/Kolkata"),
        Marketplace("US", _("United States"), "na", "USD", "America/Los_Angeles"),
        Marketplace("CA", _("Canada"), "na", "CAD", "America/Toronto"),
        Marketplace("MX", _("Mexico"), "na", "MXN", "America/Mexico_City"),
        Marketplace("BR", _("Brazil"), "na", "BRL", "America/Sao_Paulo"),
        Marketplace("JP", _("Japan"), "fe", "JPY", "Asia/Tokyo"),
        Marketplace("AU", _("Australia"), "fe", "AUD", "Australia/Sydney"),
        Marketplace("SG", _("Singapore"), "fe", "SGD", "Asia/Singapore"),
    )
}


def endpoints(settings: Mapping[str, Any]) -> Endpoints:
    """The addresses for a node's options. A custom region brings its own, a simulator's say."""
    if settings["region"] == CUSTOM:
        return Endpoints(settings["api_url"].rstrip("/"), settings["token_url"].rstrip("/"))
    sandbox = "sandbox." if settings.get("sandbox") else ""
    host = f"{sandbox}sellingpartnerapi-{settings['region']}.amazon.com"
    return Endpoints(f"https://{host}", TOKEN_URL)


def time_zone(settings: Mapping[str, Any]) -> str | None:
    """The IANA zone in which an account's dates are to be read: its own, its marketplace's, or none."""
    place = MARKETPLACES.get(settings.get("marketplace", ""))
    return settings.get("time_zone") or (place.time_zone if place else None)


def zone_problem(name: str) -> str | None:
    """`"no_such_time_zone"` unless the name is one of IANA's."""
    return None if name in available_timezones() else "no_such_time_zone"


def url_problem(url: str) -> str | None:
    """`"not_https"` where secrets would travel in the clear: http is for this very machine only."""
    parts = urlsplit(url)
    return None if parts.scheme == "https" or _is_loopback(parts.hostname or "") else "not_https"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
