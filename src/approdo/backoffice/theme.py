"""How the back office looks: Unfold's settings, menus included. Read by `settings`, so it imports no model."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _


def _symbol(_request: HttpRequest) -> str:
    return static("approdo/symbol.svg")


def _style(_request: HttpRequest) -> str:
    return static("approdo/backoffice.css")


def _script(_request: HttpRequest) -> str:
    return static("approdo/backoffice.js")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Approdo",
    "SITE_HEADER": "Approdo",
    "SITE_SUBHEADER": _("Hub for Amazon Vendor orders"),
    "SITE_URL": None,
    "SITE_ICON": _symbol,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _symbol}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": False,
    "DASHBOARD_CALLBACK": "approdo.backoffice.home.dashboard",
    "STYLES": [_style],
    "SCRIPTS": [_script],
    "COMMAND": {"search_callback": "approdo.backoffice.palette.search", "show_history": True},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "approdo.backoffice.menu.sidebar",
    },
    # A harbour's blue-green, dark enough from 600 on for white text (WCAG AA).
    "COLORS": {
        "primary": {
            "50": "oklch(98.2% .013 196)",
            "100": "oklch(95% .03 196)",
            "200": "oklch(90% .058 197)",
            "300": "oklch(83% .09 199)",
            "400": "oklch(74% .115 203)",
            "500": "oklch(62% .108 212)",
            "600": "oklch(51% .095 218)",
            "700": "oklch(45% .083 220)",
            "800": "oklch(39% .07 222)",
            "900": "oklch(34% .058 225)",
            "950": "oklch(26% .046 228)",
        },
    },
}
