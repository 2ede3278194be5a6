"""Workers that should be alive."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A worker from its start until it ends by itself. Whether it lives, only its lock tells (`presence`)."""

    executor = models.CharField(_("worker"), max_length=200, unique=True)
    host = models.CharField(_("host"), max_length=200)
    started_at = models.DateTimeField(_("started"))
    # Since when its lock has been found free: a database that starts again frees all of them for a moment.
    missed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ("started_at", "id")

    def __str__(self) -> str:
        return self.executor
