"""*Test connection*: signs in and asks what this user finds and may do. Changes nothing."""

from collections.abc import Callable

from approdo.connectors.tryton.client import Client
from approdo.sdk.connector import CheckResult, Context, Outcome
from approdo.sdk.errors import ApprodoError, RefusedError, TransientError
from approdo.sdk.text import marked as _

SIGN_IN, MODULES, RIGHTS = _("Sign-in"), _("Modules"), _("Access rights")

NEEDED = ("sale", "product", "party")
MAY = {
    "sale.sale": ("read", "create", "write"),
    "sale.line": ("read", "create", "write", "delete"),
    "product.product": ("read",),
    "product.uom": ("read",),
    "party.party": ("read",),
    "party.address": ("read",),
    "currency.currency": ("read",),
}


def check(context: Context) -> list[CheckResult]:
    """One result each for signing in, the modules and the rights. Raises nothing that Tryton can cause."""
    client = Client(context.settings)
    signed_in = _tried(SIGN_IN, lambda: _signed_in(client, context))
    if signed_in.outcome is not Outcome.WORKS:
        left = (MODULES, RIGHTS)
        code = "tryton_not_signed_in"
        return [signed_in, *(CheckResult(subject=one, outcome=Outcome.NOT_TRIED, code=code) for one in left)]
    modules = _tried(MODULES, lambda: _modules(client, context))
    if modules.outcome is not Outcome.WORKS:
        return [signed_in, modules]
    return [signed_in, modules, _tried(RIGHTS, lambda: _rights(client, context))]


def _signed_in(client: Client, context: Context) -> CheckResult:
    session = client.session(context.record)
    params = {
        "version": client.version(context.record),
        "user": context.settings["user"],
        "company": session.context.get("company.rec_name") or context.settings.get("company") or "–",
    }
    works = session.context.get("company") is not None
    return CheckResult(
        subject=SIGN_IN,
        outcome=Outcome.WORKS if works else Outcome.REFUSED,
        code="tryton_signed_in" if works else "tryton_user_without_company",
        params=params,
    )


def _modules(client: Client, context: Context) -> CheckResult:
    asked = [["name", "in", list(NEEDED)], ["state", "=", "activated"]]
    found = client.call(context.record, "model.ir.module.search_read", asked, 0, None, None, ["name"])
    missing = [name for name in NEEDED if name not in {one["name"] for one in found}]
    if missing:
        return _result(MODULES, Outcome.REFUSED, "tryton_modules_missing", modules=", ".join(missing))
    return _result(MODULES, Outcome.WORKS, "tryton_modules_there", modules=", ".join(NEEDED))


def _rights(client: Client, context: Context) -> CheckResult:
    found = client.call(context.record, "model.ir.model.access.get_access", list(MAY))
    missing = [f"{right} {model}" for model, rights in MAY.items() for right in rights if not found[model][right]]
    if missing:
        return _result(RIGHTS, Outcome.REFUSED, "tryton_may_not", rights=", ".join(missing))
    return _result(RIGHTS, Outcome.WORKS, "tryton_may")


def _result(subject: str, outcome: Outcome, code: str, **params: str) -> CheckResult:
    return CheckResult(subject=subject, outcome=outcome, code=code, params=params)


def _tried(subject: str, attempt: Callable[[], CheckResult]) -> CheckResult:
    try:
        return attempt()
    except RefusedError as error:
        params = {"model": subject, "message": error.params.get("message", error.code)}
        return CheckResult(subject=subject, outcome=Outcome.REFUSED, code="tryton_cannot_read", params=params)
    except ApprodoError as error:
        outcome = Outcome.UNREACHABLE if isinstance(error, TransientError) else Outcome.REFUSED
        return CheckResult(subject=subject, outcome=outcome, code=error.code, params=error.params)
