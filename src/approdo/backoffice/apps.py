"""Django's registration of this package, and of what its screens are made with.

Screens are loaded with the addresses (`urls.py`): most commands need none of them.
"""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    """Installs screens, templates and the models of named configurations."""

    name = "approdo.backoffice"
    label = "backoffice"
    verbose_name = _("Marketplace")


class AdminConfig(SimpleAdminConfig):
    """Django's admin, in Unfold's look."""

    default_site = "unfold.sites.UnfoldAdminSite"


class UnfoldConfig(AppConfig):
    """Unfold without its own configuration, which loads its forms at once."""

    name = "unfold"
