"""The picture of what ran when: whatever there is, it stays small enough to be drawn, and true."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from approdo.backoffice import timeline
from approdo.processes.models import Connector, Procedure, Run

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def ran(of, ago, lasts=MINUTE, state="succeeded"):
    at = timezone.now() - ago
    kind = "procedure" if isinstance(of, Procedure) else "connector"
    live = state in Run.LIVE
    return Run(
        **{kind: of, f"{kind}_name": of.name}, state=state, created_at=at, started_at=None if state == "queued" else at,
        ended_at=None if live else at + lasts,
    )  # fmt: skip


def drawn(**wanted):
    return {row.name: row.bars for row in timeline.picture(wanted)["rows"]}


def test_each_run_has_its_bar_where_it_ran_coloured_by_its_end(admin_client, connector):
    procedure = Procedure.objects.create(name="Every morning")
    ended = ran(connector, 12 * HOUR, 2 * HOUR, "failed")
    for run in (ended, ran(connector, HOUR, state="running"), ran(procedure, 6 * HOUR)):
        run.save()
    ran(connector, 30 * HOUR).save()
    rows = timeline.picture({})["rows"]
    assert [(row.name, row.is_procedure) for row in rows] == [("Every morning", True), ("Orders", False)]
    failed, running = rows[1].bars
    assert (failed.state, running.state) == ("failed", "running")
    assert float(failed.left) == pytest.approx(50, abs=0.1)
    assert float(failed.width) == pytest.approx(100 / 12, abs=0.1)
    assert float(running.left) + float(running.width) == pytest.approx(100, abs=0.1)
    assert failed.address == f"/processes/run/{ended.pk}/change/"
    assert "Failed" in failed.text
    text = admin_client.get("/processes/run/timeline/").content.decode()
    assert f'href="{failed.address}"' in text
    assert "Timeline" in text


def test_a_run_that_began_before_the_picture_is_cut_and_not_left_out(connector):
    ran(connector, 30 * HOUR, 10 * HOUR).save()
    (bar,) = drawn()["Orders"]
    assert (bar.left, float(bar.width)) == ("0.000", pytest.approx(100 * 4 / 24, abs=0.1))
    ran(connector, 300 * HOUR, state="running").save()
    assert [one.width for one in drawn()["Orders"]][-1] != "0.000"


def test_who_did_not_run_has_an_empty_row_unless_switched_off(connector, node):
    Connector.objects.create(name="Off", node=node, type=connector.type, active=False)
    Procedure.objects.create(name="Paused", paused=True)
    assert drawn() == {"Orders": []}
    connector.delete()
    assert timeline.picture({})["empty"]


def test_thousands_of_runs_are_few_bars_that_say_how_many_they_are(connector):
    runs = [ran(connector, number * 5 * MINUTE + HOUR) for number in range(2000)]
    Run.objects.bulk_create(runs)
    (bar,) = drawn(hours="168")["Orders"]
    assert bar.text.startswith("2,000 runs · Succeeded")
    assert f"connector={connector.pk}&requested_from=" in bar.address
    ends = ["failed", "succeeded", "partial"]
    for number, run in enumerate(Run.objects.all()):
        Run.objects.filter(pk=run.pk).update(state=ends[number % 3])
    bars = drawn(hours="168")["Orders"]
    assert len(bars) <= timeline.BARS + 1
    assert {bar.state for bar in bars} <= {"failed", "partial"}, "the worst of those that share a bar"
    assert sum(int(re.match(r"[\d,]+", bar.text)[0].replace(",", "")) for bar in bars if "runs" in bar.text) <= 2000


def test_one_failure_among_many_successes_stays_seen_and_does_not_spread(connector):
    Run.objects.bulk_create(
        ran(connector, number * 15 * MINUTE, state="failed" if number == 300 else "succeeded")
        for number in range(1, 600)
    )
    bars = drawn(hours="168")["Orders"]
    assert [bar.state for bar in bars] == ["succeeded", "failed", "succeeded"]
    assert float(bars[1].width) < 1


def test_a_gap_stays_a_gap(connector):
    Run.objects.bulk_create(
        ran(connector, (number + (16 if number > 30 else 0)) * 15 * MINUTE) for number in range(1, 90)
    )
    earlier, later = drawn(hours="168")["Orders"]
    assert float(later.left) - float(earlier.left) - float(earlier.width) == pytest.approx(100 * 4 / 168, abs=0.2)


def test_time_is_walked_back_and_forth(admin_client, connector):
    ran(connector, 30 * HOUR).save()
    shown = timeline.picture({})
    assert drawn()["Orders"] == []
    assert (shown["forth"], shown["moving"]) == ("", True)
    text = admin_client.get(shown["back"]).content.decode()
    assert "1:00 ·" not in text
    assert len(re.findall('class="ap-run ', text)) == 1
    assert "every 5s" not in text
    until = (timezone.now() - 24 * HOUR).isoformat()
    assert len(drawn(until=until)["Orders"]) == 1
    assert timeline.picture({"until": until})["forth"]
    for odd in ("tomorrow", "2026-13-01T00:00:00Z", "2026-01-01", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        assert timeline.picture({"until": odd, "hours": "5"})["moving"], odd
        assert admin_client.get(f"/processes/run/timeline/?until={quote(odd)}&hours=x").status_code == 200


def test_while_the_page_is_open_only_the_picture_is_fetched(admin_client, connector):
    ran(connector, HOUR, state="running").save()
    part = admin_client.get("/processes/run/timeline/", headers={"HX-Request": "true"}).content.decode()
    assert "every 5s" in part
    assert "ap-running" in part
    assert "<html" not in part


def test_hours_and_days_are_those_of_the_account(node, connector):
    node.options["marketplace"] = "IT"
    node.full_clean()
    node.save()
    shown = timeline.picture({"hours": "168"})
    assert shown["zone"] == "Europe/Rome"
    assert 6 <= len(shown["marks"]) <= 8
    assert all(mark.day for mark in shown["marks"])


def test_more_rows_than_a_page_holds_are_all_reached(admin_client, connector, node):
    Connector.objects.bulk_create(
        Connector(name=f"Connector {number:03}", node=node, type=connector.type) for number in range(130)
    )
    seen, address = [], "/processes/run/timeline/?hours=6"
    while address:
        shown = admin_client.get(address).context
        assert len(shown["rows"]) <= timeline.PAGE
        assert (shown["first"], shown["total"]) == (len(seen) + 1, 131)
        seen += [row.name for row in shown["rows"]]
        address = shown["next"]
    assert seen == sorted({"Orders", *(f"Connector {number:03}" for number in range(130))}, key=str.casefold)
    assert "Rows 121–131 of 131" in admin_client.get(f"{shown['previous']}&page=9").content.decode()
    assert "page=3" in shown["back"]
    assert "page=3" in shown["address"]
    for odd in ("0", "-1", "x", "9" * 30):
        assert timeline.picture({"page": odd})["first"] == 1


def test_a_label_at_either_end_is_not_cut_off(node):
    marks = timeline.picture({"hours": "6", "until": "2026-05-01T06:03:00Z"})["marks"]
    assert [mark.edge for mark in marks] == ["", *[""] * 4, "end"]
    marks = timeline.picture({"hours": "6", "until": "2026-05-01T06:00:00Z"})["marks"]
    assert (marks[0].left, marks[0].edge, marks[1].edge) == ("0.000", "start", "")
