"""The first page: what happened, what can be run, and for a new installation the way to the first orders."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approdo.backoffice import coverage_panel, formats, health, run_page, run_words
from approdo.backoffice.days import on_days, today
from approdo.backoffice.models import CONFIGURATION_MODELS, configuration_types
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.nodes.time_ranges import zone_of
from approdo.processes.causes import quiet_key
from approdo.processes.models import Alarm, Connector, Run
from approdo.sales.models import SaleDocument, SetAside

DAYS = 7
LAST_RUNS = 8
MOST_CONNECTORS = 20


class Step(NamedTuple):
    """One step to the first orders."""

    title: str
    help: str
    address: str
    done: bool
    allowed: bool


class StateCount(NamedTuple):
    """Documents of the last days in one state."""

    badge: SafeString
    number: str
    address: str


class ConnectorRow(NamedTuple):
    """A connector with its newest run."""

    connector: Connector
    run: Run | None
    badge: SafeString | str
    when: SafeString | str
    running: bool


class RunRow(NamedTuple):
    """A run as the list shows it."""

    run: Run
    badge: SafeString
    when: SafeString
    duration: str
    summary: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the home page shows, each part to those who may see it."""
    may = request.user.has_perm
    steps = _steps(request)
    begun = all(step.done for step in steps)
    return {
        **context,
        "page_title": _("Home"),
        "steps": [] if begun else steps,
        "may_run": may("processes.run_connector"),
        "connectors": _connectors() if may("processes.view_connector") else [],
        "runs": _runs() if may("processes.view_run") else [],
        "states": _states() if may("sales.view_saledocument") else [],
        "days": DAYS,
        "documents_address": _documents(),
        "silences": _silences(begun and may("processes.view_alarm")) if may("nodes.view_node") else [],
        "set_aside": _set_aside() if may("sales.view_setaside") else "",
        **health.context(request),
    }


def _steps(request: HttpRequest) -> list[Step]:
    """From nothing to the first orders; a step is done when a record of its kind exists."""
    may = request.user.has_perm
    configuration_types_left = [kind for kind in configuration_types() if kind.name in CONFIGURATION_MODELS]
    configuration = configuration_types_left[0].name if configuration_types_left else ""
    model = CONFIGURATION_MODELS[configuration]._meta
    return [
        Step(
            _("Add a node"),
            _("Your Amazon Vendor account and its credentials. Test the connection from there."),
            reverse("admin:nodes_node_add"), Node.objects.exists(), may("nodes.add_node"),
        ),
        Step(
            _("Add a time range"),
            _("Which days each download looks at, for example the last 7 days."),
            reverse("admin:nodes_timerange_add"), TimeRange.objects.exists(), may("nodes.add_timerange"),
        ),
        Step(
            _("Add an order download configuration"),
            _("Program, time range and order states."),
            reverse(f"admin:{model.app_label}_{model.model_name}_add"),
            Configuration.objects.exists(), may("nodes.add_configuration"),
        ),
        Step(
            _("Add a connector"),
            _("It joins the node and the configuration."),
            reverse("admin:processes_connector_add"),
            Connector.objects.exists(), may("processes.add_connector"),
        ),
        Step(
            _("Run the connector"),
            _("With its button “Run the connector now?”; the orders then stand under Sales › Sale documents."),
            reverse("admin:processes_connector_changelist"),
            Run.objects.exists(), may("processes.view_connector"),
        ),
    ]  # fmt: skip


def _connectors() -> list[ConnectorRow]:
    newest = Run.objects.filter(connector=OuterRef("pk")).order_by("-created_at", "-pk").values("pk")[:1]
    connectors = list(
        Connector.objects.filter(active=True).select_related("node").annotate(newest=Subquery(newest))[:MOST_CONNECTORS]
    )
    found = Run.objects.in_bulk([one.newest for one in connectors if one.newest])
    rows = []
    for connector in connectors:
        run = found.get(connector.newest or 0)
        badge = formats.run_state(run) if run else ""
        when = formats.moment(run.created_at, zone_of(connector.node)) if run else _("never run")
        rows.append(ConnectorRow(connector, run, badge, when, bool(run and run.live)))
    return rows


def _runs() -> list[RunRow]:
    return [
        RunRow(
            run,
            formats.run_state(run),
            formats.moment(run.created_at, run_page.zone(run)),
            run_words.duration(run),
            run_words.summary(run),
        )
        for run in Run.objects.select_related("connector__node", "procedure").order_by("-created_at", "-id")[:LAST_RUNS]
    ]


def _first_day() -> date:
    return today() - timedelta(days=DAYS - 1)


def _documents(state: str = "") -> str:
    address = f"{reverse('admin:sales_saledocument_changelist')}?dated_from={_first_day().isoformat()}"
    return f"{address}&state={state}" if state else address


def _states() -> list[StateCount]:
    """One count for each state, of these days only: never a count of the whole table."""
    recent = SaleDocument.objects.filter(on_days(_first_day(), None))
    return [
        StateCount(
            formats.document_state(states[0]),
            formats.number(recent.filter(state__in=states).count()),
            _documents(states[0]),
        )
        for states in formats.state_groups().values()
    ]


def _silences(sees_alarms: bool) -> list[tuple[Node, coverage_panel.Silence]]:
    """Accounts that are unusually quiet while nobody has said why, but for those of which an alarm above tells."""
    alarms = Alarm.objects.filter(kind=Alarm.Kind.QUIET, over_at=None).values_list("key", flat=True)
    told = set(alarms) if sees_alarms else set()
    return [
        (node, one)
        for node in Node.objects.all()
        for one in coverage_panel.silences(node)
        if not one.why and quiet_key(node, one.program) not in told
    ]


def _set_aside() -> str:
    count = SetAside.objects.filter(SetAside.WAITS).count()
    if not count:
        return ""
    text = ngettext(
        "%(count)s document could not be read and was set aside.",
        "%(count)s documents could not be read and were set aside.",
        count,
    )
    return text % {"count": formats.number(count)}
