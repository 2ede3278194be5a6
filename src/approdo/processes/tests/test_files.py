"""Batches on their way into a folder: written once however often it is tried, and where they are is known."""

from datetime import UTC, datetime, timedelta

import pytest
from amazon_orders import batch, item, node, order
from django.utils import timezone
from lxml import etree

from approdo.connectors.files.folder import Folder
from approdo.exchanges import delivery, pushing
from approdo.exchanges.models import Batch, Delivery, RunNote
from approdo.nodes.models import Node
from approdo.processes import handing_over
from approdo.processes.models import Connector, Run
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ConfigError, TransientError

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    return made


def saved(record):
    record.full_clean()
    record.save()
    return record


def connector(folder, **options):
    erp = saved(Node(name="ERP", type="files", options={"place": "folder", "folder": str(folder)}))
    return saved(Connector(name="Files", node=erp, type="files.export_documents", options=options))


def orders(*given):
    now = timezone.now()
    receive(batch(*given, asked_at=now), Origin(node().pk, 1, now))


def run_of(one):
    Run.objects.filter(state__in=Run.LIVE).update(state=Run.State.SUCCEEDED)
    return Run.objects.create(
        connector=one, connector_name=one.name, state=Run.State.RUNNING, created_at=timezone.now()
    )


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def states():
    return list(Delivery.objects.order_by("document__number").values_list("document__number", "state", "code"))


def test_a_batch_that_was_written_and_not_settled_is_written_again_as_it_was(folder):
    files_connector = connector(folder)
    orders(order("PO000001"), order("PO000002"))
    run = run_of(files_connector)
    assert handing_over.step(run)
    first = files(folder)
    # As the rows stand where the worker died after the file had its name and before that was written down.
    Batch.objects.update(confirmed_at=None)
    Delivery.objects.update(state="sending", where="")
    assert handing_over.step(run_of(files_connector))
    assert files(folder) == first
    assert not handing_over.step(run_of(files_connector)), "nothing is left"
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "confirmed", "")]
    ((name, content),) = first.items()
    assert set(Delivery.objects.values_list("where", flat=True)) == {f"{folder}/{name}"}
    assert etree.fromstring(content).get("Batch") == Batch.objects.get().name


def test_the_name_has_the_moment_at_which_the_documents_were_taken_in_the_installations_zone(folder, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    files_connector = connector(folder, file_name="{date}-{time}.xml")
    orders(order())
    assert handing_over.step(run_of(files_connector))
    Batch.objects.update(claimed_at=datetime(2026, 5, 1, 20, 30, 59, tzinfo=UTC), confirmed_at=None)
    Delivery.objects.update(state="sending", where="")
    assert handing_over.step(run_of(files_connector))
    assert "20260502-053059.xml" in files(folder)


def test_a_folder_that_is_missing_holds_the_batch_until_it_is_there(folder):
    files_connector = connector(folder)
    orders(order())
    folder.rmdir()
    with pytest.raises(ConfigError) as caught:
        handing_over.step(run_of(files_connector))
    assert caught.value.code == "directory_missing"
    folder.mkdir()
    assert handing_over.step(run_of(files_connector))
    assert len(files(folder)) == 1


def test_a_file_that_nobody_took_away_is_waited_for(folder):
    files_connector = connector(folder, file_name="orders.xml")
    orders(order())
    (folder / "orders.xml").write_bytes(b"the ones before")
    with pytest.raises(TransientError):
        handing_over.step(run_of(files_connector))
    waiting = pushing.on_its_way(files_connector.pk)
    assert (waiting.error_code, waiting.next_attempt_at > timezone.now()) == ("file_in_the_way", True)
    (folder / "orders.xml").unlink()
    Batch.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert handing_over.step(run_of(files_connector))
    assert etree.fromstring(files(folder)["orders.xml"]).tag == "Documents"


def one_in_a_file(folder):
    """A connector with three orders to hand over, where the file of the last one is in the way."""
    orders(order("PO000001"), order("PO000002"), order("PO000003"))
    (folder / "PO000003.xml").write_bytes(b"the version before")
    return connector(folder, per_file="one", file_name="{number}")


def taken(folder):
    """What the ERP finds and takes away; it leaves the last order's file."""
    names = sorted(path.name for path in folder.glob("[!.]*") if path.name != "PO000003.xml")
    for name in names:
        (folder / name).unlink()
    return names


def failing(one):
    Batch.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TransientError):
        handing_over.step(run_of(one))


def test_what_was_taken_away_is_not_written_again_while_a_later_file_is_waited_for(folder):
    files_connector = one_in_a_file(folder)
    found = []
    for _attempt in range(4):
        failing(files_connector)
        found += taken(folder)
    assert found == ["PO000001.xml", "PO000002.xml"]
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "confirmed", ""), ("PO000003", "sending", "")]
    (folder / "PO000003.xml").unlink()
    Batch.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    run = run_of(files_connector)
    assert handing_over.step(run)
    assert list(files(folder)) == ["PO000003.xml"]
    assert {state for _number, state, _code in states()} == {"confirmed"}
    assert pushing.counts(run.pk) == {"handed_over": 3, "refused": 0}
    assert pushing.places(run.pk, 9) == [f"{folder}/PO00000{number}.xml" for number in (1, 2, 3)]


def test_what_was_taken_away_is_not_written_again_though_the_worker_died_at_a_later_file(folder, monkeypatch):
    files_connector = one_in_a_file(folder)
    (folder / "PO000003.xml").unlink()
    with monkeypatch.context() as patched:
        patched.setattr("approdo.connectors.files.folder.Folder.rename", dies_at("PO000003.xml", Folder.rename))
        with pytest.raises(KeyboardInterrupt):
            handing_over.step(run_of(files_connector))
    assert taken(folder) == ["PO000001.xml", "PO000002.xml"]
    assert handing_over.step(run_of(files_connector))
    assert list(files(folder)) == ["PO000003.xml"]


def dies_at(last, rename):
    def renames(place, old, new):
        if new == last:
            raise KeyboardInterrupt
        rename(place, old, new)

    return renames


def test_what_landed_of_a_batch_that_was_given_up_counts_as_handed_over_and_the_rest_can_be_sent_again(folder):
    files_connector = one_in_a_file(folder)
    failing(files_connector)
    first = Batch.objects.get()
    pushing.give_up(first, TransientError("file_in_the_way", name="PO000003.xml"), timezone.now())
    assert [state for _number, state, _code in states()] == ["confirmed", "confirmed", "failed"]
    taken(folder)
    (folder / "PO000003.xml").unlink()
    handing_over.send_again(files_connector, first.name, "anna")
    assert handing_over.step(run_of(files_connector))
    assert list(files(folder)) == ["PO000003.xml"]
    assert {state for _number, state, _code in states()} == {"confirmed"}


def test_what_has_landed_can_be_handed_over_again_while_the_rest_of_its_batch_waits(folder):
    files_connector = one_in_a_file(folder)
    failing(files_connector)
    taken(folder)
    first = Delivery.objects.get(document__number="PO000001").document_id
    assert delivery.withdraw(files_connector.pk, [first], timezone.now()) == {first}
    failing(files_connector)
    assert taken(folder) == [], "the batch before comes first"
    (folder / "PO000003.xml").unlink()
    Batch.objects.update(next_attempt_at=None)
    run = run_of(files_connector)
    assert [handing_over.step(run), handing_over.step(run), handing_over.step(run)] == [True, True, False]
    assert sorted(files(folder)) == ["PO000001.xml", "PO000003.xml"]


def test_an_order_that_edifact_cannot_hold_is_refused_and_the_others_are_written(folder):
    options = {"format": "edifact", "sender": "8012345000004", "receiver": "ERP"}
    files_connector = connector(folder, **options)
    pallets = {"amount": 2, "unitOfMeasure": "Pallets", "unitSize": 1}
    orders(order("PO000001"), order("PO000002", items=[item(orderedQuantity=pallets)]))
    run = run_of(files_connector)
    assert handing_over.step(run)
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "failed", "edifact_unit")]
    ((name, content),) = files(folder).items()
    assert name.endswith(".edi")
    assert (b"BGM+220+PO000001+9'" in content, b"PO000002" in content) == (True, False)
    assert RunNote.objects.get(run=run.pk).code == "edifact_unit"
    assert pushing.counts(run.pk) == {"handed_over": 1, "refused": 1}


def test_where_nothing_fits_no_file_is_written(folder):
    files_connector = connector(folder, format="edifact", sender="1", receiver="2")
    orders(order("PO000001", items=[item(orderedQuantity={"amount": 2, "unitOfMeasure": "Pallets", "unitSize": 1})]))
    assert handing_over.step(run_of(files_connector))
    assert (states(), files(folder)) == ([("PO000001", "failed", "edifact_unit")], {})


@pytest.mark.parametrize(("format_", "ending"), [("xlsx", ".xlsx"), ("csv", ".csv"), ("json", ".json")])
def test_every_format_has_its_ending(folder, format_, ending):
    orders(order())
    assert handing_over.step(run_of(connector(folder, format=format_)))
    assert [name[-len(ending) :] for name in files(folder)] == [ending]


def test_a_run_tells_where_its_documents_are(folder):
    files_connector = connector(folder, per_file="one", file_name="{number}")
    orders(*(order(f"PO00000{number}") for number in range(1, 6)))
    run = run_of(files_connector)
    assert handing_over.step(run)
    assert pushing.places(run.pk, 3) == [f"{folder}/PO00000{number}.xml" for number in range(1, 4)]
    assert len(pushing.places(run.pk, 99)) == 5
