"""`/metrics`: how the installation does, in Prometheus' format, read from the database while it is asked.

Nothing is counted in a process: there are many, and each would tell a part. `FAMILIES` is the list of
what is told; each is a function that yields metrics of `prometheus_client`, and costs a few queries that
stay quick however much is stored. What is new takes one more function there.
"""

import platform
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time

import psycopg
from django.conf import settings
from django.db import Error, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from approdo import __version__
from approdo.exchanges import coverage
from approdo.monitoring import procedures, runs
from approdo.nodes.models import Node
from approdo.processes import presence
from approdo.processes.models import Alarm, Token
from approdo.processes.tokens import find_token
from approdo.sales.models import SetAside

SCOPES = {Token.Scope.METRICS_READ, Token.Scope.SETTINGS_READ}
"""One of them lets a token read the metrics."""


def page(request: HttpRequest) -> HttpResponse:
    """The metrics as text, or OpenMetrics where that is asked for; 503 where the database is away."""
    if settings.METRICS == "off":
        return _text("Metrics are switched off: APPRODO_METRICS=token switches them on.", 404)
    try:
        refused = None if settings.METRICS == "open" else _refusal(request.headers.get("Authorization", ""))
        if refused:
            return refused
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Installation())
        return HttpResponse(encode(registry), content_type=content_type)
    except (Error, psycopg.Error):
        return _text("The database did not answer.", 503)


def _refusal(authorization: str) -> HttpResponse | None:
    scheme, _, secret = authorization.partition(" ")
    token = find_token(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        answer = _text("Send a token: approdo token add NAME --scope metrics:read", 401)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="approdo"'
        return answer
    if token.connector_id is not None or not SCOPES & set(token.scopes):
        return _text("This token lacks the scope metrics:read, or is for one connector only.", 403)
    return None


def _text(line: str, status: int) -> HttpResponse:
    return HttpResponse(f"{line}\n", status=status, content_type="text/plain; charset=utf-8")


class Installation(Collector):
    """All metrics, read anew by each `collect`."""

    def collect(self) -> Iterator[Metric]:
        """Every metric of `FAMILIES`."""
        for family in FAMILIES:
            yield from family()


def _build() -> Iterator[Metric]:
    yield InfoMetricFamily(
        "approdo_build",
        "The version of Approdo and of its Python.",
        {"version": __version__, "python": platform.python_version()},
    )


def _database() -> Iterator[Metric]:
    connection.ensure_connection()
    version = ".".join(str(part) for part in connection.get_database_version())
    yield InfoMetricFamily(
        "approdo_database", "The kind and version of the database.", {"kind": connection.vendor, "version": version}
    )


def _workers() -> Iterator[Metric]:
    yield GaugeMetricFamily("approdo_workers", "Workers alive, on all hosts.", presence.workers_alive())


def _nodes() -> Iterator[Metric]:
    issued = GaugeMetricFamily(
        "approdo_node_client_secret_issued_timestamp_seconds",
        "The day on which the node's client secret was issued, where it was entered.",
        labels=["node"],
    )
    waiting = GaugeMetricFamily(
        "approdo_node_set_aside", "Documents and statuses that could not be read and wait, kept whole.", labels=["node"]
    )
    read = GaugeMetricFamily(
        "approdo_read_until_timestamp_seconds",
        "The newest moment up to which a run read completely, by the date of the orders.",
        labels=["node", "program", "scan"],
    )
    for node in Node.objects.all():
        waiting.add_metric([node.name], SetAside.objects.filter(SetAside.WAITS, node=node).count())
        day = node.options.get("client_secret_issued")
        if day:
            issued.add_metric([node.name], _midnight(day).timestamp())
        for program, scan, until in coverage.newest_read(node):
            read.add_metric([node.name, program, scan], until.timestamp())
    yield from (issued, waiting, read)


def _alarms() -> Iterator[Metric]:
    """Each kind, also those of which none is open: a rule that watches one must not find it absent."""
    gauge = GaugeMetricFamily("approdo_alarms", "Alarms that are open, by kind.", labels=["kind"])
    found = Alarm.objects.filter(over_at=None).order_by().values_list("kind").annotate(count=Count("pk"))
    counts: dict[str, int] = dict(found)
    for kind in Alarm.Kind:
        gauge.add_metric([kind], counts.get(kind, 0))
    yield gauge


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.min, UTC)


def _queue() -> Iterator[Metric]:
    queued, running, oldest = runs.live()
    live = GaugeMetricFamily("approdo_runs", "Runs that have not ended, by state.", labels=["state"])
    live.add_metric(["queued"], queued)
    live.add_metric(["running"], running)
    yield live
    waited = max((timezone.now() - oldest).total_seconds(), 0) if oldest else 0
    yield GaugeMetricFamily("approdo_queue_oldest_seconds", "How long the oldest queued run has waited.", waited)


FAMILIES: tuple[Callable[[], Iterator[Metric]], ...] = (
    _build,
    _database,
    _workers,
    _queue,
    runs.by_connector,
    procedures.by_procedure,
    _alarms,
    _nodes,
)
