"""Login with Amazon: a refresh token gives access tokens that live an hour (reference 2.1)."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from amazon_simulator.accounts import Account
from amazon_simulator.messages import Answer, Request, unauthorized

PATH = "/auth/o2/token"
OPERATION = "token"
RESTRICTED_OPERATION = "createRestrictedDataToken"
# Of both kinds of tokens, in seconds (reference 2.1, 12).
LIFETIME = 3600

Resource = tuple[str, str]


@dataclass(frozen=True)
class _Issued:
    """A token: until when (by the monotonic clock), and what a restricted one opens."""

    account: Account
    until: float
    resources: frozenset[Resource] | None = None


class Login:
    """Issues and checks access tokens and restricted ones. `lifetime` is in seconds."""

    def __init__(self, accounts: Iterable[Account], lifetime: float = LIFETIME) -> None:
        self.lifetime = lifetime
        self._accounts = {
            token: account for account in accounts for token in (account.refresh_token, *account.later_tokens)
        }
        self._issued: dict[str, _Issued] = {}

    def answer(self, request: Request, lifetime: float | None = None) -> Answer:
        """Answer a request for an access token; `lifetime` (seconds) may differ from the usual."""
        form = request.form
        refusal = self._refusal(request)
        if refusal:
            return refusal
        lifetime = self.lifetime if lifetime is None else lifetime
        token = "Atza|" + secrets.token_urlsafe(180)
        account = self._accounts[form["refresh_token"]]
        self._issued[token] = _Issued(account, time.monotonic() + lifetime)
        answer = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(lifetime),
            "refresh_token": form["refresh_token"],
        }
        return Answer(200, msgspec.json.encode(answer), headers={"Cache-Control": "no-store"})

    def issue_restricted(self, account: Account, resources: frozenset[Resource], lifetime: float) -> str:
        """A token for these (method, path) alone, whatever becomes of the access token."""
        token = "Atz.sprdt|" + secrets.token_urlsafe(180)
        self._issued[token] = _Issued(account, time.monotonic() + lifetime, resources)
        return token

    def account(self, request: Request) -> Account | None:
        """Whose request this is, valid or not: by its access token, or by its refresh token."""
        issued = self._issued.get(request.headers.get("x-amz-access-token", ""))
        if issued:
            return issued.account
        return self._accounts.get(request.form.get("refresh_token", ""))

    def refusal_of_access(self, request: Request, restricted: str | None = None) -> Answer | None:
        """Why the request's token does not open the door, or None if it does.

        `restricted` is the path of a restricted operation, with its placeholder: it wants a
        restricted token that names this path or the request's own, and no other operation takes
        such a token (reference 12).
        """
        token = request.headers.get("x-amz-access-token")
        if not token:
            return unauthorized("Access token is missing in the request header.")
        issued = self._issued.get(token)
        if issued is None:
            return unauthorized("The access token you provided is revoked, malformed or invalid.")
        if issued.until <= time.monotonic():
            return unauthorized("The access token you provided has expired.")
        if restricted is None:
            return unauthorized() if issued.resources is not None else None
        opens = {(request.method, request.path), (request.method, restricted)}
        return None if opens & (issued.resources or frozenset()) else unauthorized()

    def expire(self, token: str) -> None:
        """Let this token be over now."""
        if token in self._issued:
            self._issued[token] = replace(self._issued[token], until=0.0)

    def expire_all(self, *, restricted: bool) -> None:
        """Let all access tokens be over now, or all restricted ones."""
        for token, issued in list(self._issued.items()):
            if (issued.resources is not None) == restricted:
                self.expire(token)

    def forget(self) -> None:
        """No token was ever issued."""
        self._issued.clear()

    def _refusal(self, request: Request) -> Answer | None:
        form = request.form
        for name in ("grant_type", "client_id", "client_secret"):
            if not form.get(name):
                return oauth_error(400, "invalid_request", f"The request lacks {name}.")
        if form["grant_type"] != "refresh_token":
            return oauth_error(400, "unsupported_grant_type", "Only refresh_token is granted here.")
        clients = {(a.client_id, a.client_secret) for a in self._accounts.values()}
        if (form["client_id"], form["client_secret"]) not in clients:
            return oauth_error(401, "invalid_client", "Client authentication failed")
        if not form.get("refresh_token"):
            return oauth_error(400, "invalid_request", "The request lacks refresh_token.")
        account = self._accounts.get(form["refresh_token"])
        if account is None or account.client_id != form["client_id"]:
            return oauth_error(400, "invalid_grant", "The refresh token is not valid or was revoked.")
        return None


def oauth_error(status: int, error: str, description: str) -> Answer:
    """An error in OAuth's form, which is not that of the vendor operations."""
    body = msgspec.json.encode({"error": error, "error_description": description})
    return Answer(status, body, headers={"Cache-Control": "no-store"})
