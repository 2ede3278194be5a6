"""A real Tryton with its embedded database, of the packages in `.venv-tryton`: an ERP to export to."""

import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub import free_port, wait_for

ROOT = Path(__file__).parent.parent
VENV = ROOT / ".venv-tryton"
ADMIN = ("admin", "only for tests")
USER = ("approdo", "only for tests of Approdo")
VISITOR = ("visitor", USER[1])
MISSING = "Tryton is not installed (make .venv-tryton/ready)"


def installed() -> bool:
    return (VENV / "bin/trytond").exists()


class Erp:
    """A server of its own with a copy of the prepared books."""

    def __init__(self, folder: Path, centres: Sequence[str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        shutil.copy(_prepared(centres), folder / "erp.sqlite")
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.folder / "trytond.log").open("ab")
        command = [VENV / "bin/trytond", "-c", _configuration(self.folder, self.port), "-d", "erp"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._answers, "Tryton answered")
        self._authorization = ""
        self._authorization, self._context = self._signed_in()
        return self.process

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def settings(self, user: tuple[str, str] = USER) -> dict[str, str]:
        """The options of a node for it."""
        return {"address": self.url, "database": "erp", "user": user[0], "password": user[1]}

    def call(self, method: str, *params: Any) -> Any:
        """What a method of a model returns to the administrator."""
        return self._sent("/erp/rpc/", f"model.{method}", [*params, self._context])

    def read(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(f"{model}.search_read", domain, 0, None, [["id", "ASC"]], list(fields))
        return found

    def id_of(self, model: str, *domain: Any) -> int:
        [found] = self.call(f"{model}.search", list(domain), 0, None, None)
        return int(found)

    def add_products(self, codes: Sequence[str], unit: str = "u", **more: Any) -> None:
        """Products that are sold by a unit, the tax of goods on them."""
        piece, sold = (self.id_of("product.uom", ["symbol", "=", symbol]) for symbol in ("u", unit))
        category = self.id_of("product.category", ["name", "=", "Goods"])
        shared = {"type": "goods", "default_uom": piece, "salable": True, "sale_uom": sold, "list_price": Decimal(1)}
        new = [
            {
                "name": code,
                "account_category": category,
                "products": [["create", [{"suffix_code": code}]]],
                **shared,
                **more,
            }
            for code in codes
        ]
        self.call("product.template.create", new)

    def sales(self, *references: str) -> list[dict[str, Any]]:
        """The sales with these references, or all; with all of their lines."""
        domain = [["reference", "in", list(references)]] if references else []
        fields = ("party.code", "number", "reference", "state", "currency.code", "sale_date", "shipping_date",
                  "description", "shipment_address.party_name", "invoice_address.street", "untaxed_amount", "total_amount",
                  "payment_term.name", "lines.product.code", "lines.quantity", "lines.unit.symbol", "lines.unit_price",
                  "lines.taxes")  # fmt: skip
        return self.read("sale.sale", domain, *fields)

    def _signed_in(self) -> tuple[str, dict[str, Any]]:
        number, key, *_ = self._sent("/erp/rpc/", "common.db.login", [ADMIN[0], {"password": ADMIN[1]}])
        self._authorization = f"Session {base64.b64encode(f'{ADMIN[0]}:{number}:{key}'.encode()).decode()}"
        return self._authorization, self._sent("/erp/rpc/", "model.res.user.get_preferences", [True, {}])

    def _sent(self, path: str, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_encoded).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
            found = json.load(answer, object_hook=_decoded)
        assert "error" not in found, (method, found["error"])
        return found["result"]

    def _answers(self) -> bool:
        self._authorization = ""
        try:
            return bool(self._sent("/rpc/", "common.server.version", []))
        except OSError:
            assert self.process.poll() is None, (self.folder / "trytond.log").read_text()
            return False


def _prepared(centres: Sequence[str]) -> Path:
    """The database with modules and books, kept for a month: its fiscal year is around today."""
    packages, setup = ROOT / "requirements/erp.txt", ROOT / "tests/tryton_setup.py"
    month = f"{datetime.now(UTC):%Y-%m}"
    with (VENV / "books.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        modules = _kept("modules", [packages.read_text()], _activate)
        parts = [packages.read_text(), setup.read_text(), month, *centres]
        return _kept("books", parts, lambda folder: _keep_books(folder, modules, setup, centres))


def _kept(name: str, parts: Sequence[str], make: Callable[[Path], None]) -> Path:
    """A database that is made once of the same parts."""
    kept = VENV / f"{name}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}.sqlite"
    if not kept.exists():
        for old in VENV.glob(f"{name}-*.sqlite"):
            old.unlink()
        folder = VENV / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
        (folder / "erp.sqlite").rename(kept)
    return kept


def _activate(folder: Path) -> None:
    (folder / "erp.sqlite").touch()
    (folder / "password").write_text(ADMIN[1])
    admin = [VENV / "bin/trytond-admin", "-c", _configuration(folder, 0), "-d", "erp", "--email", "admin@example.com"]
    _done([*admin, "--activate-dependencies", "-u", "sale", "account_invoice"], TRYTONPASSFILE=str(folder / "password"))


def _keep_books(folder: Path, modules: Path, setup: Path, centres: Sequence[str]) -> None:
    shutil.copy(modules, folder / "erp.sqlite")
    _done([VENV / "bin/python", setup, _configuration(folder, 0), *centres])


def _done(command: list[Any], **environment: str) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def _configuration(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    # An invoice is posted in a fresh session only, and tests share one for longer than Tryton's five minutes.
    session = "[session]\ntimeout = 86400\n"
    path.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n{session}")
    return path


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(type(value))


def _decoded(found: dict[str, Any]) -> Any:
    match found:
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
    return found
