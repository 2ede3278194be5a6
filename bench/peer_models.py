"""The tables of the peers (`peers.py`): a document, its lines, the order as it came; the indexes of `floor.py`."""

from django.db import models

APP = "peer"


class Document(models.Model):
    """An order."""

    number = models.CharField(max_length=40)
    state = models.CharField(max_length=40)
    vendor = models.CharField(max_length=40)
    ship_to = models.CharField(max_length=40)
    date = models.DateTimeField()
    raw = models.JSONField()

    class Meta:
        app_label = APP
        constraints = [models.UniqueConstraint(fields=["number"], name="peer_number")]
        indexes = [models.Index("date", "id", name="peer_date")]

    def __str__(self) -> str:
        return self.number


class Line(models.Model):
    """A line of it."""

    document = models.ForeignKey(Document, models.CASCADE, db_index=False)
    sequence = models.CharField(max_length=40)
    asin = models.CharField(max_length=40, null=True)
    sku = models.CharField(max_length=40, null=True)
    quantity = models.IntegerField()
    unit = models.CharField(max_length=40)
    size = models.IntegerField(null=True)
    cost = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, null=True)

    class Meta:
        app_label = APP
        constraints = [models.UniqueConstraint(fields=["document", "sequence"], name="peer_sequence")]
        indexes = [models.Index("asin", name="peer_asin"), models.Index("sku", name="peer_sku")]

    def __str__(self) -> str:
        return self.sequence
