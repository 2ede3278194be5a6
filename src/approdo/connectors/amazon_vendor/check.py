"""*Test connection*: signs in and calls each read operation once. Posts nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from approdo.connectors.amazon_vendor.client import ONCE, Client, client_for
from approdo.connectors.amazon_vendor.operations import (
    GET_DIRECT_ORDERS,
    GET_PURCHASE_ORDER,
    GET_PURCHASE_ORDERS,
    GET_PURCHASE_ORDERS_STATUS,
)
from approdo.connectors.amazon_vendor.wire import direct_orders, order_status, vendor_orders
from approdo.sdk.connector import CheckResult, Context, Outcome, SecretLife
from approdo.sdk.errors import ApprodoError, TransientError

SIGN_IN = "Login with Amazon"
CLOCK = "Clock"
DIRECT_FULFILLMENT = f"Direct Fulfillment {GET_DIRECT_ORDERS.name}"

RECENT_DAYS = 6
SKEW_TO_WARN = timedelta(minutes=2)
SECRET_LIFE = SecretLife(option="client_secret_issued", days=180, warnings=(150, 170), code="secret_expires")


def check(context: Context) -> list[CheckResult]:
    """One result for the sign-in and for each read operation, one attempt each (reference 2.3).

    Warns where our clock is more than two minutes off Amazon's, or the client secret is 150 days
    old. Raises nothing that an outside system can cause.
    """
    client = client_for(context)
    signed_in = _tried(SIGN_IN, lambda: _signed_in(client, context))
    works = signed_in.outcome is Outcome.WORKS
    operations = _operations(client, context) if works else _not_tried()
    return [signed_in, *operations, *_clock(client), *_secret_age(context)]


def _signed_in(client: Client, context: Context) -> CheckResult:
    client.sign_in(context.record)
    return CheckResult(subject=SIGN_IN, outcome=Outcome.WORKS, code="signed_in")


def _operations(client: Client, context: Context) -> list[CheckResult]:
    found: list[str] = []
    return [
        _tried(GET_PURCHASE_ORDERS.name, lambda: _orders(client, context, found)),
        _tried(GET_PURCHASE_ORDER.name, lambda: _order(client, context, found)),
        _tried(GET_PURCHASE_ORDERS_STATUS.name, lambda: _statuses(client, context)),
        _softened(_tried(DIRECT_FULFILLMENT, lambda: _direct_orders(client, context))),
    ]


def _orders(client: Client, context: Context, found: list[str]) -> CheckResult:
    page = client.get(
        GET_PURCHASE_ORDERS,
        vendor_orders.read_page,
        context.record,
        query=_recent(),
        policy=ONCE,
    )
    found.extend(order.number for order in page.orders if order.number)
    return _works(GET_PURCHASE_ORDERS.name)


def _order(client: Client, context: Context, found: list[str]) -> CheckResult:
    name = GET_PURCHASE_ORDER.name
    if not found:
        params = {"days": RECENT_DAYS}
        return CheckResult(subject=name, outcome=Outcome.NOT_TRIED, code="no_recent_order", params=params)
    try:
        client.get(
            GET_PURCHASE_ORDER,
            vendor_orders.read_order,
            context.record,
            about=found[0],
            policy=ONCE,
        )
    except ApprodoError as error:
        # Amazon sometimes lists an order it then cannot find (reference 18, 9): access is granted.
        if error.code != "not_found":
            raise
    return _works(name)


def _statuses(client: Client, context: Context) -> CheckResult:
    client.get(
        GET_PURCHASE_ORDERS_STATUS,
        order_status.read_page,
        context.record,
        query=_recent(),
        policy=ONCE,
    )
    return _works(GET_PURCHASE_ORDERS_STATUS.name)


def _direct_orders(client: Client, context: Context) -> CheckResult:
    client.get(GET_DIRECT_ORDERS, direct_orders.read_page, context.record, query=_recent(), policy=ONCE)
    return CheckResult(
        subject=DIRECT_FULFILLMENT,
        outcome=Outcome.WORKS,
        code="operation_works",
        params={"operation": GET_DIRECT_ORDERS.name},
    )


def _softened(result: CheckResult) -> CheckResult:
    """A vendor of Retail alone is refused here, and misses nothing."""
    if result.outcome is not Outcome.REFUSED:
        return result
    return CheckResult(
        subject=result.subject, outcome=Outcome.NOT_GRANTED, code="direct_fulfillment_refused", params=result.params
    )


def _tried(subject: str, attempt: Callable[[], CheckResult]) -> CheckResult:
    try:
        return attempt()
    except ApprodoError as error:
        passing = isinstance(error, TransientError)
        return CheckResult(
            subject=subject,
            outcome=Outcome.UNREACHABLE if passing else Outcome.REFUSED,
            code=error.code,
            params=error.params,
        )


def _works(operation: str) -> CheckResult:
    return CheckResult(
        subject=operation,
        outcome=Outcome.WORKS,
        code="operation_works",
        params={"operation": operation},
    )


def _not_tried() -> list[CheckResult]:
    operations = (GET_PURCHASE_ORDERS, GET_PURCHASE_ORDER, GET_PURCHASE_ORDERS_STATUS)
    subjects = [*(operation.name for operation in operations), DIRECT_FULFILLMENT]
    return [CheckResult(subject=subject, outcome=Outcome.NOT_TRIED, code="not_signed_in") for subject in subjects]


def _recent() -> dict[str, str]:
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "createdAfter": f"{now - timedelta(days=RECENT_DAYS):%Y-%m-%dT%H:%M:%SZ}",
        "createdBefore": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "limit": "1",
    }


def _clock(client: Client) -> list[CheckResult]:
    skew = client.clock_skew
    if skew is None or abs(skew) <= SKEW_TO_WARN:
        return []
    code = "clock_behind" if skew > timedelta(0) else "clock_ahead"
    minutes = round(abs(skew).total_seconds() / 60)
    return [CheckResult(subject=CLOCK, outcome=Outcome.WARNING, code=code, params={"minutes": minutes})]


def _secret_age(context: Context) -> list[CheckResult]:
    age = SECRET_LIFE.age(context.settings, datetime.now(UTC).date())
    if age is None or age < min(SECRET_LIFE.warnings):
        return []
    code = "secret_expired" if age >= SECRET_LIFE.days else SECRET_LIFE.code
    return [CheckResult(subject="Client secret", outcome=Outcome.WARNING, code=code, params=SECRET_LIFE.params(age))]
