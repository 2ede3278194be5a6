"""Sale documents, their lines, their versions, and what could not be read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import Node
from approdo.sales.fields import AmountField

NUMBER_LENGTH = 64
CODE_LENGTH = 100
PATTERN = ("varchar_pattern_ops",)
"""Makes a prefix search use the index under any collation; PostgreSQL only, ignored by SQLite."""

SAID_LATER = ("amazon_status", "confirmation", "receiving", "invoicing")
FILTERED = ("node", "program", "type", "state", "vendor_code", "ship_to", *SAID_LATER)
"""What lists of documents filter by. Each order's index holds them all and none begins with one of them.

However filters are combined, the plan is the same on both databases: walk the order's own index from its end, look at
the filters inside it, stop when the page is full. Never a sort of all that fits, which a planner without statistics
chooses as soon as an index begins with a filter. What few documents have is looked up before (`queries.having`).
"""

EVERY = models.Q(id__gt=0)
"""Holds for every document. An index with this condition is used by those statements only that state it too."""


class SaleDocument(models.Model):
    """An order, invoice or credit note: what its newest version says.

    An order's natural key is (node, program, number): seen again it is updated, never doubled.
    Rows are written by `receive`, in batches; nothing else inserts them.
    """

    class Type(models.TextChoices):
        """What a document is."""

        ORDER = "order", _("Order")
        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    class Invoicing(models.TextChoices):
        """How much of an order is invoiced."""

        PARTLY = "partly", _("Partly invoiced")
        INVOICED = "invoiced", _("Invoiced")

    node = models.ForeignKey(Node, models.PROTECT, related_name="+", db_index=False, verbose_name=_("node"))
    type = models.CharField(_("type"), max_length=20, choices=Type)
    program = models.CharField(_("program"), max_length=40)
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    state = models.CharField(_("state"), max_length=40)
    vendor_code = models.CharField(_("vendor code"), max_length=CODE_LENGTH)
    ship_to = models.CharField(_("ship-to"), max_length=CODE_LENGTH)
    date = models.DateTimeField(_("date"), null=True)
    changed_date = models.DateTimeField(_("changed by Amazon"), null=True)
    state_changed_date = models.DateTimeField(_("state since"), null=True)
    currency = models.CharField(_("currency"), max_length=8)
    total = AmountField(_("total"), null=True)
    purchase_order_type = models.CharField(_("order type"), max_length=CODE_LENGTH, null=True)
    payment_method = models.CharField(_("payment method"), max_length=CODE_LENGTH, null=True)
    deal_code = models.TextField(_("deal code"), null=True)
    import_details = models.JSONField(_("import details"), null=True)
    # Direct Fulfillment only; what names the consumer lies in PersonalData.
    customer_order_number = models.CharField(_("customer order"), max_length=CODE_LENGTH, null=True)
    ship_method = models.CharField(_("ship method"), max_length=CODE_LENGTH, null=True)
    required_ship_date = models.DateTimeField(_("to be shipped by"), null=True)
    promised_delivery_date = models.DateTimeField(_("promised delivery"), null=True)
    priority = models.BooleanField(_("priority"), null=True)
    gift = models.BooleanField(_("gift"), null=True)
    packing_slip_required = models.BooleanField(_("packing slip required"), null=True)
    tax_total = AmountField(_("taxes"), null=True)
    parties = models.JSONField(_("parties"), default=dict)
    ship_window_start = models.DateTimeField(_("ship window from"), null=True)
    ship_window_end = models.DateTimeField(_("ship window to"), null=True)
    delivery_window_start = models.DateTimeField(_("delivery window from"), null=True)
    delivery_window_end = models.DateTimeField(_("delivery window to"), null=True)
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    # Copies of the order's `DocumentStatus`, so that a list is filtered through an index; null: none is known.
    amazon_status = models.CharField(_("open or closed"), max_length=40, null=True)
    confirmation = models.CharField(_("confirmation"), max_length=20, null=True)
    receiving = models.CharField(_("receiving"), max_length=20, null=True)
    # How much of an order its invoices bill (`invoicing`); null: nothing.
    invoicing = models.CharField(_("invoicing"), max_length=20, choices=Invoicing, null=True)
    detailed = models.BooleanField(default=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    raw_digest = models.BinaryField(max_length=16)
    # Empty: to be worked out from the newest version's raw text.
    content_digest = models.BinaryField(max_length=16)
    asked_at = models.DateTimeField()
    first_run = models.BigIntegerField(null=True)
    last_run = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(_("first seen"))
    updated_at = models.DateTimeField(_("last changed here"))

    class Meta:
        verbose_name = _("sale document")
        verbose_name_plural = _("sale documents")
        ordering = ("-date", "-id")
        constraints = (models.UniqueConstraint(fields=("number", "node", "program", "type"), name="sale_document_key"),)
        indexes = (
            models.Index(fields=("date", "id", *FILTERED), name="sale_document_by_date"),
            models.Index(fields=("updated_at", "id", *FILTERED, "date"), name="sale_document_by_update"),
            models.Index(fields=("number", "id", *FILTERED, "date"), name="sale_document_by_number"),
            models.Index(fields=("number",), name="sale_document_number", opclasses=PATTERN),
            # Few of many documents ever change: what changed is found without a look at the others, nor at its row.
            models.Index(
                fields=("updated_at", "id", "version"),
                name="sale_document_changed",
                condition=models.Q(version__gt=1),
            ),
            # For `queries.having` alone; no plan of a list can choose them.
            *(
                models.Index(
                    fields=(name, "id"),
                    name=f"document_with_{name}",
                    condition=EVERY & models.Q(**{f"{name}__isnull": False}) if name in SAID_LATER else EVERY,
                )
                for name in FILTERED
            ),
            models.Index(
                fields=("customer_order_number",),
                name="sale_document_customer_order",
                condition=models.Q(customer_order_number__isnull=False),
                opclasses=PATTERN,
            ),
        )

    def __str__(self) -> str:
        return self.number


class SaleLine(models.Model):
    """One line: quantities count `unit`, `eaches` the same in pieces; costs are per each or `price_unit`.

    `sku` and `own_title` are ours and stand beside what the other side said, never in its place.
    """

    document = models.ForeignKey(SaleDocument, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    sequence = models.CharField(_("line"), max_length=NUMBER_LENGTH)
    asin = models.CharField("ASIN", max_length=CODE_LENGTH)
    vendor_sku = models.CharField(_("vendor SKU"), max_length=CODE_LENGTH)
    sku = models.CharField(_("own SKU"), max_length=CODE_LENGTH, null=True)
    title = models.TextField(_("title"), null=True)
    own_title = models.CharField(_("own title"), max_length=500, null=True)
    # The number of the code that is listed for want of a match (`exchanges.UnmatchedCode`); null: none is missed.
    unmatched = models.BigIntegerField(null=True)
    quantity = models.BigIntegerField(_("quantity"), null=True)
    unit = models.CharField(_("unit"), max_length=CODE_LENGTH)
    unit_size = models.BigIntegerField(_("unit size"), null=True)
    eaches = models.BigIntegerField(_("eaches"), null=True)
    net_cost = AmountField(_("net cost"), null=True)
    list_price = AmountField(_("list price"), null=True)
    currency = models.CharField(_("currency"), max_length=8)
    price_unit = models.CharField(_("price unit"), max_length=CODE_LENGTH, null=True)
    cancelled = models.BooleanField(_("cancelled"), default=False)
    vanished = models.BooleanField(_("vanished"), default=False)
    backorder_allowed = models.BooleanField(_("backorder allowed"), null=True)
    taxes = models.JSONField(_("taxes"), null=True)
    total = AmountField(_("total"), null=True)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("document", "sequence"), name="sale_line_key"),)
        indexes = (
            models.Index(fields=("asin",), name="sale_line_asin", opclasses=PATTERN),
            models.Index(fields=("vendor_sku",), name="sale_line_vendor_sku", opclasses=PATTERN),
            models.Index(
                fields=("sku",), name="sale_line_sku", opclasses=PATTERN, condition=models.Q(sku__isnull=False)
            ),
            models.Index(
                fields=("unmatched", "document"),
                name="sale_line_unmatched",
                condition=models.Q(unmatched__isnull=False),
            ),
            models.Index(
                fields=("document",),
                name="sale_line_unmatched_document",
                condition=models.Q(unmatched__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.sequence


class PersonalData(models.Model):
    """What a document says of a consumer, encrypted; apart, so that nothing else reads it by the way.

    It is purged at `purge_at`; once it is, nothing of the consumer is stored for this document again.
    """

    document = models.OneToOneField(SaleDocument, models.CASCADE, primary_key=True, related_name="personal")
    sealed = models.BinaryField()
    ended_at = models.DateTimeField(_("first seen shipped or cancelled"), null=True)
    purge_at = models.DateTimeField(_("to be purged on"))
    purged_at = models.DateTimeField(_("purged"), null=True)

    class Meta:
        verbose_name = _("personal data")
        verbose_name_plural = _("personal data")
        permissions = (("purge_personaldata", "Can purge personal data"),)
        indexes = (
            models.Index(fields=("purge_at",), name="personal_data_due", condition=models.Q(purged_at__isnull=True)),
        )

    def __str__(self) -> str:
        return str(self.document_id)


class PersonalDataLook(models.Model):
    """That somebody saw who a consumer is. Kept when the data themselves are purged."""

    document = models.ForeignKey(SaleDocument, models.SET_NULL, null=True, related_name="+")
    number = models.CharField(_("number"), max_length=200)
    who = models.CharField(_("who"), max_length=200)
    where = models.CharField(_("where"), max_length=60)
    at = models.DateTimeField(_("time"), db_index=True)

    class Meta:
        verbose_name = _("look at personal data")
        verbose_name_plural = _("looks at personal data")
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.number


class DocumentVersion(models.Model):
    """One version of a document as it came, compressed, with the run that brought it.

    Sealed (encrypted) where it names a consumer.
    """

    document = models.ForeignKey(SaleDocument, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("version"))
    raw = models.BinaryField()
    sealed = models.BooleanField(default=False)
    run = models.BigIntegerField(_("run"), null=True, db_index=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("document", "number"), name="document_version_key"),)

    def __str__(self) -> str:
        return str(self.number)


class DocumentStatus(models.Model):
    """How far an order has come in the other side's eyes: informational, never ours, not for payments.

    Known by (node, program, number), as the order is: it may come before its order and waits for it.
    Rows are written by `status`, in batches.
    """

    node = models.ForeignKey(Node, models.PROTECT, related_name="+", verbose_name=_("node"))
    program = models.CharField(_("program"), max_length=40)
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    status = models.CharField(_("open or closed"), max_length=40)
    confirmation = models.CharField(_("confirmation"), max_length=20, null=True)
    receiving = models.CharField(_("receiving"), max_length=20, null=True)
    date = models.DateTimeField(_("date"), null=True)
    last_updated_date = models.DateTimeField(_("updated by Amazon"), null=True)
    vendor_code = models.CharField(_("vendor code"), max_length=CODE_LENGTH)
    ship_to = models.CharField(_("ship-to"), max_length=CODE_LENGTH)
    asked_at = models.DateTimeField()
    version = models.PositiveIntegerField(_("version"), default=1)
    raw_digest = models.BinaryField(max_length=16)
    content_digest = models.BinaryField(max_length=16)
    last_run = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(_("last changed here"))

    class Meta:
        verbose_name = _("Amazon's status")
        verbose_name_plural = _("Amazon's statuses")
        constraints = (models.UniqueConstraint(fields=("number", "node", "program"), name="document_status_key"),)
        indexes = (models.Index(fields=("node", "program", "status", "date"), name="document_status_open"),)

    def __str__(self) -> str:
        return self.number


class StatusLine(models.Model):
    """The current figures of one line, in eaches; `given` holds them as they came, `history` their dates.

    `given` is, by the name of a figure, its quantity, unit and unit size. A figure that was not given is null.
    """

    status = models.ForeignKey(DocumentStatus, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    sequence = models.CharField(_("line"), max_length=NUMBER_LENGTH)
    asin = models.CharField("ASIN", max_length=CODE_LENGTH)
    vendor_sku = models.CharField(_("vendor SKU"), max_length=CODE_LENGTH)
    confirmation = models.CharField(_("confirmation"), max_length=CODE_LENGTH)
    receiving = models.CharField(_("receiving"), max_length=CODE_LENGTH)
    ordered = models.BigIntegerField(_("ordered"), null=True)
    cancelled = models.BigIntegerField(_("cancelled"), null=True)
    accepted = models.BigIntegerField(_("accepted"), null=True)
    rejected = models.BigIntegerField(_("rejected"), null=True)
    received = models.BigIntegerField(_("received"), null=True)
    acknowledged_date = models.DateTimeField(_("acknowledged"), null=True)
    last_receive_date = models.DateTimeField(_("last received"), null=True)
    given = models.JSONField(default=dict)
    history = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("line of a status")
        verbose_name_plural = _("lines of a status")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("status", "sequence"), name="status_line_key"),)

    def __str__(self) -> str:
        return self.sequence


class StatusVersion(models.Model):
    """One different status of an order as it came, compressed, with the run that brought it."""

    status = models.ForeignKey(DocumentStatus, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("version"))
    raw = models.BinaryField()
    run = models.BigIntegerField(_("run"), null=True, db_index=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("version of a status")
        verbose_name_plural = _("versions of a status")
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("status", "number"), name="status_version_key"),)

    def __str__(self) -> str:
        return str(self.number)


class SetAside(models.Model):
    """A document or a status that could not be read, kept whole until it can. The same raw text is kept once.

    It waits until it is stored, or until a person gives it up and says why. Sealed (encrypted) where it may name a
    consumer.
    """

    class About(models.TextChoices):
        """What could not be read."""

        ORDER = "order", _("Order")
        STATUS = "status", _("Order status")

    node = models.ForeignKey(Node, models.PROTECT, related_name="+", verbose_name=_("node"))
    program = models.CharField(_("program"), max_length=40)
    WAITS = models.Q(stored_at=None, given_up_at=None)

    about = models.CharField(_("what"), max_length=20, choices=About, default=About.ORDER)
    number = models.TextField(_("number"), null=True)
    raw = models.BinaryField()
    sealed = models.BooleanField(default=False)
    digest = models.BinaryField(max_length=16)
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    run = models.BigIntegerField(_("run"), null=True)
    received_at = models.DateTimeField(_("received"))
    stored_at = models.DateTimeField(_("stored"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)
    given_up_by = models.CharField(max_length=150, blank=True)
    given_up_why = models.TextField(blank=True)
    purge_at = models.DateTimeField(_("to be purged on"), null=True)
    purged_at = models.DateTimeField(_("purged"), null=True)

    class Meta:
        verbose_name = _("set-aside document")
        verbose_name_plural = _("set-aside documents")
        ordering = ("-received_at",)
        constraints = (models.UniqueConstraint(fields=("node", "program", "digest"), name="set_aside_key"),)
        indexes = (
            models.Index(fields=("purge_at",), name="set_aside_due", condition=models.Q(purged_at__isnull=True)),
        )

    def __str__(self) -> str:
        return self.number or "?"
