"""What can be wrong with an installation, looked at thing by thing."""

import shutil
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import psycopg
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from approdo import environment
from approdo.cli.texts import _, number, sentence
from approdo.connectors import node_type
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.nodes.trying import try_node
from approdo.processes import installation, presence
from approdo.processes.models import Recipient, Run
from approdo.sdk.connector import CheckResult, Outcome
from approdo.sdk.errors import ApprodoError, ConfigError

LOW_DISK = 1024**3
FULL_DISK = LOW_DISK // 5

SKEW_SECONDS = 30

CLOCK_CODES = ("clock_behind", "clock_ahead")
SECRET_CODES = ("secret_expires", "secret_expired")


class Mark(Enum):
    """How a finding is marked."""

    OK = "ok     "
    WARNING = "warning"
    ERROR = "error  "

    @property
    def color(self) -> str:
        """Its colour on a terminal."""
        return {Mark.OK: "green", Mark.WARNING: "yellow", Mark.ERROR: "red"}[self]


class Finding(NamedTuple):
    """One line: how it is, what it is about, and what to do where it is not well."""

    mark: Mark
    subject: str
    text: str


def findings() -> Iterator[Finding]:
    """Every finding, as soon as it is known. What needs the database is left out where that is not usable."""
    found = _database()
    yield found
    usable = found.mark is not Mark.ERROR
    for finding in _schema() if usable else ():
        yield finding
        usable = usable and finding.mark is not Mark.ERROR
    yield _disk()
    if usable:
        yield _worker()
        yield from _server_clock()
        yield from _nodes()
        yield from _recipients()


def _database() -> Finding:
    subject = _("Database")
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Finding(Mark.ERROR, subject, sentence(ApprodoError("database_unreachable", reason=lines[0].rstrip("."))))
    if environment.database_url():
        return Finding(Mark.OK, subject, f"PostgreSQL, {connection.settings_dict['NAME']}")
    return Finding(Mark.OK, subject, f"SQLite, {connection.settings_dict['NAME']}")


def _schema() -> Iterator[Finding]:
    subject = _("Migrations")
    if installation.pending():
        yield Finding(Mark.ERROR, subject, sentence(ConfigError("schema_behind")))
        return
    yield Finding(Mark.OK, subject, _("all applied"))
    subject = _("Encryption key")
    try:
        installation.refuse_other_key()
    except ConfigError as error:
        yield Finding(Mark.ERROR, subject, sentence(error))
    else:
        yield Finding(Mark.OK, subject, _("the one that this database was encrypted with"))


def _disk() -> Finding:
    free = shutil.disk_usage(settings.HOME).free
    text = _("{free} MB free under {path}").format(free=number(free // 1024**2), path=settings.HOME)
    if free >= LOW_DISK:
        return Finding(Mark.OK, _("Disk"), text)
    advice = _("make room, or set APPRODO_HOME to a larger disk")
    return Finding(Mark.ERROR if free < FULL_DISK else Mark.WARNING, _("Disk"), f"{text}; {advice}.")


def _worker() -> Finding:
    try:
        alive = presence.workers_alive()
    except psycopg.Error as error:
        reason = type(error).__name__
        return Finding(Mark.ERROR, _("Worker"), sentence(ApprodoError("database_unreachable", reason=reason)))
    if alive:
        return Finding(Mark.OK, _("Worker"), _("{count} alive").format(count=alive))
    waiting = Run.objects.filter(state__in=Run.LIVE).count()
    if waiting:
        text = _("none lives and {count} runs wait; start one with `approdo up` or `approdo worker`.")
        return Finding(Mark.ERROR, _("Worker"), text.format(count=waiting))
    return Finding(Mark.WARNING, _("Worker"), _("none lives; start one with `approdo up` or `approdo worker`."))


def _nodes() -> Iterator[Finding]:
    nodes = list(Node.objects.all())
    checks = {node: try_node(node) for node in nodes}
    yield _clock([result for results in checks.values() for result in results])
    for node, results in checks.items():
        yield from _secret(node)
        yield from _reach(node, results)


def _recipients() -> Iterator[Finding]:
    for recipient in Recipient.objects.filter(secret_lost=True):
        text = sentence(ConfigError("signing_secret_lost", name=recipient.name))
        yield Finding(Mark.ERROR, _("Recipient “{name}”").format(name=recipient.name), text)


def _clock(results: list[CheckResult]) -> Finding:
    """Our clock against that of whoever answered; alone we cannot know."""
    off = next((result for result in results if result.code in CLOCK_CODES), None)
    if off:
        return Finding(Mark.WARNING, _("Clock"), _said(off))
    if any(result.outcome is Outcome.WORKS for result in results):
        return Finding(Mark.OK, _("Clock"), _("agrees with Amazon's"))
    return Finding(Mark.OK, _("Clock"), _("not compared: no Amazon was reached"))


def _server_clock() -> Iterator[Finding]:
    """Our clock against the database server's: hosts that work together have to agree."""
    if not environment.database_url():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = (timezone.now() - cursor.fetchone()[0]).total_seconds()
    subject, seconds = _("Clock of the database server"), number(round(abs(apart)))
    if abs(apart) < SKEW_SECONDS:
        yield Finding(Mark.OK, subject, _("agrees with this machine's"))
    else:
        text = _("{seconds} s apart from this machine's; let NTP set both.")
        yield Finding(Mark.WARNING, subject, text.format(seconds=seconds))


def _secret(node: Node) -> Iterator[Finding]:
    try:
        declared = node_type(node.type)
    except ApprodoError:
        return
    life = declared.secret_life
    if life is None:
        return
    subject = _("Client secret of “{node}”").format(node=node.name)
    age = life.age(node.options, timezone.now().date())
    if age is None:
        yield Finding(Mark.WARNING, subject, _("its age is not known; enter in the node when it was issued."))
        return
    text = _("{age} days old of {life}").format(age=age, life=life.days)
    advice = _("have Amazon make a new one and put it into the node")
    if age < min(life.warnings):
        yield Finding(Mark.OK, subject, text)
    else:
        mark = Mark.ERROR if age >= life.days else Mark.WARNING
        yield Finding(mark, subject, f"{text}; {advice}.")


def _reach(node: Node, results: list[CheckResult]) -> Iterator[Finding]:
    """One line where all works, else one for each thing that does not."""
    subject = _("Reach of “{node}”").format(node=node.name)
    wrong = [result for result in results if result.outcome in (Outcome.REFUSED, Outcome.UNREACHABLE)]
    ours = (*CLOCK_CODES, *SECRET_CODES)
    warned = [one for one in results if one.outcome is Outcome.WARNING and one.code not in ours]
    for result in wrong:
        yield Finding(Mark.ERROR, subject, f"{_(result.subject)}: {_said(result)}")
    for result in warned:
        yield Finding(Mark.WARNING, subject, f"{_(result.subject)}: {_said(result)}")
    if results and not wrong and not warned:
        works = [result.subject for result in results if result.outcome is Outcome.WORKS]
        yield Finding(Mark.OK, subject, ", ".join(works))


def _said(result: CheckResult) -> str:
    return str(explain(result.code, result.params))
