"""SKU recodings and places.

Each checks itself in `clean`, so that screens, REST, files and imports refuse the same things with the same words.
"""

from collections.abc import Callable, Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from approdo.catalog import checking
from approdo.nodes.models import Node
from approdo.nodes.sentences import validation_error

CODE_LENGTH = 100
PATTERN = ("varchar_pattern_ops",)
"""Makes a prefix search use the index under any collation; PostgreSQL only, ignored by SQLite."""

Check = Callable[[str], str]


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

    KEY = ("node", "vendor_code", "marketplace", "kind", "external")
    """What no two recodings have in common."""

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
            models.Index(fields=("external",), name="sku_recoding_external", opclasses=PATTERN),
            models.Index(fields=("sku",), name="sku_recoding_sku", opclasses=PATTERN),
        )

    def __str__(self) -> str:
        return self.external

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """What a field holds is first brought into the form in which it is kept."""
        found = checking.Complaints()
        _check(self, _CHECKS_OF_RECODINGS, exclude, found)
        _check(
            self, {"external": _CHECKS_OF_CODES.get(self.kind, checking.code)}, {*(exclude or ()), *found.found}, found
        )
        _with_djangos(super().clean_fields, exclude, found)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Refuse a second recoding of the same key in words; Django's own check knows only the constraint's name."""
        if exclude and not set(exclude).isdisjoint(self.KEY):
            return
        twin = SkuRecoding.objects.filter(**{name: getattr(self, name) for name in self.KEY}).exclude(pk=self.pk)
        for found in twin[:1]:
            raise validation_error("recoding_exists", external=found.external, sku=found.sku)


class Place(models.Model):
    """A fulfilment centre: what stands behind the code by which Amazon names it.

    `from_orders` says that what stands here came with an order, and that nobody has changed it since.
    """

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    address = models.CharField(_("address"), max_length=500, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=40, blank=True, default="")
    city = models.CharField(_("city"), max_length=200, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, default="")
    from_orders = models.BooleanField(_("filled from orders"), default=False, editable=False)

    KEY = ("code",)

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """What a field holds is first brought into the form in which it is kept."""
        found = checking.Complaints()
        _check(self, _CHECKS_OF_PLACES, exclude, found)
        _with_djangos(super().clean_fields, exclude, found)


_CHECKS_OF_RECODINGS: Mapping[str, Check] = {
    "vendor_code": checking.code,
    "external": checking.code,
    "sku": checking.code,
    "title": checking.words,
    "marketplace": lambda text: checking.marketplace(checking.code(text)),
}

_CHECKS_OF_CODES: Mapping[str, Check] = {SkuRecoding.Kind.EAN: checking.ean, SkuRecoding.Kind.ASIN: checking.asin}

_CHECKS_OF_PLACES: Mapping[str, Check] = {
    "code": checking.code,
    "name": checking.words,
    "address": checking.words,
    "postal_code": checking.words,
    "city": checking.words,
    "country": lambda text: checking.country(checking.code(text)),
    "time_zone": lambda text: checking.time_zone(checking.code(text)),
}


def _check(
    record: models.Model, checks: Mapping[str, Check], exclude: Collection[str] | None, found: checking.Complaints
) -> None:
    for name, check in checks.items():
        value = getattr(record, name)
        if isinstance(value, str) and value and name not in (exclude or ()):
            try:
                setattr(record, name, check(value))
            except ValidationError as error:
                found.add(name, error)


def _with_djangos(
    clean_fields: Callable[[Collection[str] | None], None],
    exclude: Collection[str] | None,
    found: checking.Complaints,
) -> None:
    """What Django itself finds wrong with the fields that are not refused already, and these; raises all of it."""
    try:
        clean_fields({*(exclude or ()), *found.found})
    except ValidationError as error:
        for name, complaints in error.error_dict.items():
            found.add(name, ValidationError(complaints))
    found.tell()
