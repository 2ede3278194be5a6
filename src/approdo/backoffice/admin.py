"""Registers every screen: Django's admin looks for this module."""

from django.contrib import admin

from approdo.backoffice import (
    alarms,
    configurations,
    connectors,
    documents,
    exports,
    looks,
    nodes,
    notices,
    places,
    procedures,
    recipients,
    recodings,
    runs,
    set_aside,
    time_ranges,
    tokens,
    unmatched,
    users,
)

__all__ = [
    "alarms",
    "configurations",
    "connectors",
    "documents",
    "exports",
    "looks",
    "nodes",
    "notices",
    "places",
    "procedures",
    "recipients",
    "recodings",
    "runs",
    "set_aside",
    "time_ranges",
    "tokens",
    "unmatched",
    "users",
]

admin.site.index_template = "backoffice/home.html"
admin.site.login_template = "backoffice/login.html"
admin.site.empty_value_display = "–"
admin.site.enable_nav_sidebar = True
