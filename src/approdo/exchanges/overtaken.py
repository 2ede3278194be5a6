"""Documents that changed since they were handed over, and whose newest version nobody has got instead.

The ledger says which; with very many documents that takes long, since each that ever changed is looked up in it. So
workers look now and then and write down what they find, and a list looks up that and what changed since.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from approdo.exchanges import due
from approdo.exchanges.due import EVERYBODY
from approdo.exchanges.models import Delivery, Overtaken
from approdo.sales.models import SaleDocument
from approdo.sales.queries import FEW
from approdo.sdk.exports import DocumentFilter

EVERY = timedelta(minutes=5)
"""So often workers look."""

# Written out, because SQLite uses a partial index only where it can read its condition in the statement.
CHANGED = RawSQL('"sales_saledocument"."version" > 1', (), output_field=BooleanField())


def overtaken(found: QuerySet[SaleDocument], at: datetime) -> QuerySet[SaleDocument]:
    """Those of `found` of which a connector got an older version and has not got the newest."""
    found = found.filter(CHANGED, Exists(_older().exclude(state=Delivery.State.FAILED)))
    since = due.looked_until(EVERYBODY, DocumentFilter(), at)
    if since is None:
        return found
    numbers = {*Overtaken.objects.values_list("pk", flat=True)[: FEW + 1], *_candidates(since)[: FEW + 1]}
    return found.filter(pk__in=numbers) if len(numbers) <= FEW else found


def look(at: datetime) -> None:
    """Write down which documents are overtaken, unless somebody just did. Of an empty hub nothing is written down.

    Also those of which the older version was refused: that may be undone, and nobody would look again.
    """
    since = due.looked_until(EVERYBODY, DocumentFilter(), at)
    if since is not None and at - due.OVERLAP - since < EVERY:
        return
    if not SaleDocument.objects.exists():
        return
    looking = due.begin(EVERYBODY, DocumentFilter(), at)
    known = set(Overtaken.objects.values_list("pk", flat=True))
    gone = known.difference(_candidates().filter(pk__in=Overtaken.objects.values("pk")).order_by())
    found = set(_candidates(looking.since)) - known
    with transaction.atomic():
        Overtaken.objects.filter(pk__in=gone).delete()
        Overtaken.objects.bulk_create(
            (Overtaken(document_id=number) for number in sorted(found)), ignore_conflicts=True
        )
        due.end(looking, [], 1, at)


def _candidates(since: datetime | None = None) -> QuerySet[SaleDocument, int]:
    """The numbers of documents that are overtaken, whatever became of the older version; of those stored since then."""
    changed = SaleDocument.objects.filter(Q() if since is None else Q(updated_at__gte=since), CHANGED, Exists(_older()))
    return changed.order_by("updated_at", "pk").values_list("pk", flat=True)


def _older() -> QuerySet[Delivery]:
    """Of a document, the hand-overs of an older version to connectors that have not got the newest."""
    newest = Delivery.objects.filter(
        ~Q(state=Delivery.State.WITHDRAWN),
        document=OuterRef("document"),
        connector=OuterRef("connector"),
        version=OuterRef(OuterRef("version")),
    )
    return Delivery.objects.filter(~Exists(newest), document=OuterRef("pk"), version__lt=OuterRef("version"))
