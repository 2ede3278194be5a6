"""A real Tryton that ends sessions, is away, or whose answers are lost: no sale is missing, none is doubled."""

import sqlite3
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone
from erp import MISSING, installed
from tryton_orders import Desk, bought

from approdo.exchanges.models import Batch
from approdo.nodes.models import Node
from approdo.sdk.errors import ConfigError, TransientError

pytestmark = [pytest.mark.once, pytest.mark.skipif(not installed(), reason=MISSING)]


@pytest.fixture
def desk(erp, db):
    return Desk(erp)


def test_a_session_that_is_over_is_renewed_and_the_run_does_not_notice(desk):
    desk.receive(bought("SESSION1"))
    assert desk.refusals() == {}
    with closing(sqlite3.connect(desk.erp.folder / "erp.sqlite", timeout=20)) as file:
        assert file.execute("DELETE FROM ir_session WHERE create_uid != 1").rowcount >= 1
        file.commit()
    desk.receive(bought("SESSION2"))
    assert desk.refusals() == {}
    assert len(desk.erp.sales("SESSION1", "SESSION2")) == 2


def test_a_tryton_that_is_away_is_waited_for(desk):
    desk.receive(bought("AWAY0001"))
    desk.erp.stop()
    try:
        with pytest.raises(TransientError) as caught:
            desk.export()
        assert caught.value.code == "tryton_unreachable"
    finally:
        desk.erp.start()
    assert Batch.objects.get().next_attempt_at > timezone.now()
    Batch.objects.update(next_attempt_at=timezone.now())
    assert desk.refusals() == {}
    assert len(desk.erp.sales("AWAY0001")) == 1


def test_a_sale_that_tryton_made_while_its_answer_was_lost_is_found_again(desk):
    desk.receive(bought("LOST0001"), bought("LOST0002"))
    tryton = Node.objects.get(type="tryton")
    with cut_off_after(desk.erp, b"sale.sale.create") as url:
        tryton.options["address"] = url
        tryton.full_clean(), tryton.save()
        desk.connector.node.refresh_from_db()
        with pytest.raises(TransientError, match="tryton_unreachable"):
            desk.export()
    assert len(desk.erp.sales("LOST0001", "LOST0002")) == 1, "made, and nobody here knows"
    tryton.options["address"] = desk.erp.url
    tryton.full_clean(), tryton.save()
    desk.connector.node.refresh_from_db()
    Batch.objects.update(next_attempt_at=timezone.now())
    assert desk.refusals() == {}
    assert [sale["reference"] for sale in desk.erp.sales("LOST0001", "LOST0002")] == ["LOST0001", "LOST0002"]
    assert {sale["state"] for sale in desk.erp.sales("LOST0001", "LOST0002")} == {"quotation"}


@contextmanager
def cut_off_after(erp, call):
    """A way to Tryton that breaks once a call was carried out: its answer never comes, nor does any later one."""
    broken = []

    class Way(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if broken:
                return
            headers = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
            with urlopen(Request(erp.url + self.path, body, headers), timeout=60) as answer:
                found = answer.read()
            if call in body:
                broken.append(body)
                return
            self.send_response(200)
            self.send_header("content-length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown(), server.server_close()


def test_settings_that_name_nothing_in_tryton_stop_the_run_with_a_reason(desk):
    desk.receive(bought("SETTING1"))
    desk.choose(party="NOBODY")
    with pytest.raises(ConfigError) as caught:
        desk.export()
    assert (caught.value.code, caught.value.params) == ("tryton_no_party", {"party": "NOBODY", "many": 0})
    desk.choose(piece_unit="qq")
    with pytest.raises(ConfigError, match="tryton_no_piece_unit"):
        desk.export()
    desk.choose()
    assert desk.refusals() == {}
    assert len(desk.erp.sales("SETTING1")) == 1
