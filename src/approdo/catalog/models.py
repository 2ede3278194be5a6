"""SKU recodings and places."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import Node

CODE_LENGTH = 100


class SkuRecoding(models.Model):
    """An external code and the own SKU that it stands for.

    A node, vendor code or marketplace that is not given means every one. Of several that fit a line, the one with a
    vendor code is used, then the one with a marketplace, then the one with a node.
    """

    class Kind(models.TextChoices):
        """What the external code is."""

        VENDOR_SKU = "vendor_sku", _("Vendor SKU")
        EAN = "ean", "EAN"
        ASIN = "asin", "ASIN"

    node = models.ForeignKey(Node, models.PROTECT, null=True, blank=True, verbose_name=_("node"))
    vendor_code = models.CharField(_("vendor code"), max_length=CODE_LENGTH, blank=True, default="")
    marketplace = models.CharField(_("marketplace"), max_length=2, blank=True, default="")
    kind = models.CharField(_("kind of code"), max_length=20, choices=Kind, default=Kind.VENDOR_SKU)
    external = models.CharField(_("external SKU"), max_length=CODE_LENGTH)
    sku = models.CharField(_("own SKU"), max_length=CODE_LENGTH)
    title = models.CharField(_("title"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("SKU recoding")
        verbose_name_plural = _("SKU recodings")
        ordering = ("external", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("external", "kind", "vendor_code", "marketplace", "node"),
                name="sku_recoding_key",
                condition=Q(node__isnull=False),
            ),
            models.UniqueConstraint(
                fields=("external", "kind", "vendor_code", "marketplace"),
                name="sku_recoding_key_of_every_node",
                condition=Q(node__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=("external", "id"), name="sku_recoding_order"),
            models.Index(fields=("sku",), name="sku_recoding_sku"),
        )

    def __str__(self) -> str:
        return self.external


class Place(models.Model):
    """A fulfilment centre: what stands behind the code by which Amazon names it."""

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    address = models.CharField(_("address"), max_length=500, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=40, blank=True, default="")
    city = models.CharField(_("city"), max_length=200, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, default="")
    from_orders = models.BooleanField(_("filled from orders"), default=False, editable=False)

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code
