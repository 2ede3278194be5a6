"""What is old goes in small bites; what proves something, or is pointed at, stays."""

from datetime import datetime, timedelta
from random import Random

import amazon_orders
import pytest
from django.utils import timezone

from approdo import environment
from approdo.exchanges import thinning as details
from approdo.exchanges.coverage import Reach, coverage, unread
from approdo.exchanges.models import ImportCall, ImportedDocument, NumberRead, RequestLogged, RunNote, WindowRead
from approdo.processes import run_data, thinning
from approdo.processes.models import Alarm, Connector, Notice, Procedure, Recipient, Run, RunStep
from approdo.sales.models import DocumentVersion, SaleDocument
from approdo.sales.receive import Origin, receive
from approdo.sdk.connector import Scan, Span
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOW = timezone.now()


@pytest.fixture
def node():
    return amazon_orders.node("Amazon Vendor EU")


@pytest.fixture
def connector(node):
    return Connector.objects.create(name="Orders", node=node, type="amazon_vendor.download_orders")


def ended(connector, days, **more):
    """A run that succeeded so many days ago, with a request, a note and nothing found."""
    at = NOW - days * DAY
    values = {"connector": connector, "connector_name": "Orders", "state": "succeeded", "counts": {"requests": 1}}
    run = Run.objects.create(**values | {"created_at": at, "started_at": at, "ended_at": at + HOUR} | more)
    RequestLogged.objects.create(run=run.pk, at=at, operation="getPurchaseOrders", milliseconds=1, attempt=1)
    RunNote.objects.create(run=run.pk, at=at, code="older_version", params={"number": "PO1"})
    return run


def window(run, start, hours, **more):
    """A window of the run, read to its end unless told otherwise."""
    values = {"program": "vendor_retail", "scan": "created", "complete": True, "read_at": run.created_at, "pages": 1}
    WindowRead.objects.create(
        **values | {"node": run.connector.node, "source": run.connector.node.identity, "run": run.pk,
        "connector": run.connector_id, "start": start, "end": start + hours * HOUR,
        "position": WindowRead.objects.filter(run=run.pk).count()} | more
    )  # fmt: skip


def thin_out():
    """Bite after bite, until nothing is left to do."""
    bites = 0
    while thinning.thin(NOW):
        bites += 1
        assert bites < 1000
    return bites


def kept():
    return set(Run.objects.values_list("pk", flat=True))


def test_requests_and_warnings_go_and_then_the_run_itself(connector):
    old, young = ended(connector, 100), ended(connector, 80)
    NumberRead.objects.create(node=connector.node, run=old.pk, position=0, number="PO1")
    assert thin_out()
    assert kept() == {young.pk}
    for kind in (RequestLogged, RunNote):
        assert [one.run for one in kind.objects.all()] == [young.pk]
    assert not NumberRead.objects.exists()


def test_the_setting_says_how_long(connector, settings):
    for days in (20, 15, 3):
        ended(connector, days)
    assert not thin_out()
    settings.KEEP_RUNS = 16
    thin_out()
    assert Run.objects.count() == 2


def test_a_run_that_a_version_names_stays_without_its_requests(connector, node):
    old, _young = ended(connector, 300), ended(connector, 1)
    receive(amazon_orders.batch(amazon_orders.order("PO00001")), Origin(node.pk, old.pk, NOW))
    thin_out()
    assert old.pk in kept()
    assert not RequestLogged.objects.filter(run=old.pk).exists()
    assert Run.objects.get(pk=DocumentVersion.objects.get().run).name == "Orders"
    assert not thinning.thin(NOW), "it is not looked at again"


def test_the_newest_of_each_connector_and_procedure_stays_with_its_steps(connector):
    procedure = Procedure.objects.create(name="Both")
    joined, newest = ended(connector, 400), ended(connector, 300)
    both = ended(None, 400, procedure=procedure, procedure_name="Both", connector_name="")
    RunStep.objects.create(run=both, position=0, connector=connector, connector_name="Orders", part=joined)
    ended(None, 500, procedure=procedure, procedure_name="Both", connector_name="")
    thin_out()
    assert kept() == {joined.pk, newest.pk, both.pk}
    ended(connector, 1)
    ended(None, 1, procedure=procedure, procedure_name="Both", connector_name="")
    thin_out()
    assert Run.objects.count() == 2


def test_a_run_that_has_not_ended_is_left_alone(connector):
    ended(connector, 400, state="running", ended_at=None)
    ended(connector, 1)
    assert not thin_out()


def test_a_run_with_many_requests_goes_in_bites(connector, monkeypatch):
    monkeypatch.setattr(details, "AT_ONCE", 10)
    old, _young = ended(connector, 100), ended(connector, 1)
    RequestLogged.objects.bulk_create(
        RequestLogged(run=old.pk, at=NOW, operation="x", milliseconds=1, attempt=1) for _ in range(25)
    )
    thinning.thin(NOW)
    assert RequestLogged.objects.filter(run=old.pk).count() == 16
    assert old.pk in kept()
    thin_out()
    assert old.pk not in kept()


def test_a_worker_takes_a_bite_each_round_and_rests_once_nothing_is_left(connector, monkeypatch):
    monkeypatch.setattr(thinning, "_rest_until", [])
    for days in (100, 1):
        ended(connector, days)
    for _ in range(4):
        thinning.thin_in_turn(NOW)
    assert Run.objects.count() == 1
    Run.objects.update(ended_at=NOW - 100 * DAY)
    ended(connector, 1)
    thinning.thin_in_turn(NOW + timedelta(minutes=1))
    assert Run.objects.count() == 2, "it rests"
    for minutes in (11, 11, 11):
        thinning.thin_in_turn(NOW + timedelta(minutes=minutes))
    assert Run.objects.count() == 1


def history(connector, random):
    """More than a year of runs every few hours, with what can go wrong."""
    moment = NOW - 320 * DAY
    while moment < NOW:
        moment += random.choice([HOUR, 6 * HOUR, DAY, DAY, 9 * DAY])
        run = ended(connector, 0, created_at=moment, started_at=moment, ended_at=moment + HOUR)
        for scan in ("created", "changed"):
            start = moment - random.choice([6, 26, 50, 24 * 60]) * HOUR
            for piece in range(random.choice([1, 1, 3])):
                states = random.choice([[], [], [], ["new"], ["new", "closed"]])
                purpose = random.choice(["range", "range", "gap", "deep", "open", "dates"])
                complete = random.random() < 0.8
                hours = random.choice([6, 26, 50])
                until = random.choice([None, start + (piece * 24 + hours - 1) * HOUR])
                window(
                    run, start + piece * 24 * HOUR, hours, scan=scan, states=states, purpose=purpose,
                    complete=complete, read_until=until if complete else None, read=3, left_out=random.choice([0, 1]),
                )  # fmt: skip
        if random.random() < 0.02:
            moment += random.choice([30, 100]) * DAY


def owed(connector):
    """What a run of this connector would have to read beside the last week, for each choice of states."""
    spans = [Span(scan, NOW - 7 * DAY, NOW) for scan in (Scan.CREATED, Scan.CHANGED)]
    reaches = [Reach(connector.node, "vendor_retail", connector.pk, states) for states in ([], ["new"])]
    since: list[datetime | None] = [None, NOW - DAY]
    return [unread(reach, spans, 2 * HOUR, NOW - 180 * DAY, one) for reach in reaches for one in since]


@pytest.mark.parametrize("seed", range(6))
def test_coverage_gaps_and_proof_are_the_same_before_and_after(connector, node, seed, monkeypatch):
    monkeypatch.setattr(details, "AT_ONCE", 40)
    random = Random(seed)
    history(connector, random)
    if seed % 2:
        history(Connector.objects.create(name="Other", node=node, type=connector.type), random)
    if seed % 3 == 0:  # nothing was read lately
        Run.objects.filter(created_at__gt=NOW - 200 * DAY).delete()
        WindowRead.objects.exclude(run__in=kept()).delete()
    last = Run.objects.filter(connector=connector).first()
    before = coverage(node), owed(connector), run_data.proof(last), WindowRead.objects.count()
    young = WindowRead.objects.filter(end__gt=NOW - 190 * DAY)
    unread_before = set(young.values_list("pk", flat=True))
    thin_out()
    assert (coverage(node), owed(connector), run_data.proof(last)) == before[:3]
    assert set(young.values_list("pk", flat=True)) == unread_before, "the last 190 days stay window by window"
    assert WindowRead.objects.count() < before[3]


@pytest.mark.parametrize("value", ["6", "0", "-1", "many", "1.5"])
def test_a_setting_that_cannot_be_is_refused(monkeypatch, value):
    monkeypatch.setenv("APPRODO_KEEP_RUNS", value)
    with pytest.raises(ConfigError, match="setting_"):
        environment.whole_number("KEEP_RUNS", 90, least=7)


def test_alarms_that_are_over_and_what_was_told_go_with_the_runs_of_their_time():
    told = {"recipient_name": "Desk", "event": "alarm.opened"}
    for days, state, over in ((100, "sent", True), (100, "waiting", False), (10, "sent", True)):
        at = NOW - days * DAY
        Notice.objects.create(**told, state=state, created_at=at, next_attempt_at=at)
        more = {"kind": "failed", "subject": "Both", "code": "failed", "since": at, "noticed_at": at}
        Alarm.objects.create(**more, key=f"failed:{days}:{over}", over_at=at if over else None)
    thin_out()
    assert sorted(Notice.objects.values_list("state", flat=True)) == ["sent", "waiting"]
    assert set(Alarm.objects.values_list("key", flat=True)) == {"failed:100:False", "failed:10:True"}


def test_what_waits_for_a_recipient_that_is_switched_off_is_not_told_later():
    desk = Recipient.objects.create(name="Desk", address="desk@example.com")
    Notice.objects.create(
        recipient=desk, recipient_name="Desk", event="alarm.opened", created_at=NOW, next_attempt_at=NOW
    )
    desk.active = False
    desk.save()
    desk.active = True
    desk.save()
    assert Notice.objects.get().state == "given_up"


def test_calls_that_posted_documents_go_and_what_they_brought_stays(node):
    receive(amazon_orders.batch(amazon_orders.order()), Origin(node.pk, None, NOW))
    for days in (100, 1):
        call = ImportCall.objects.create(connector=1, began_at=NOW - days * DAY)
        order = SaleDocument.objects.get()
        ImportedDocument.objects.create(call=call, position=1, result="accepted", document=order)
    thinning.thin(NOW)
    assert ImportCall.objects.count() == ImportedDocument.objects.count() == 1
    assert SaleDocument.objects.count() == 1
