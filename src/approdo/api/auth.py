"""Who may call: bearer tokens with scopes, some of them for one connector only."""

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from approdo.api.problems import ApiProblem
from approdo.processes.models import Token
from approdo.processes.tokens import find_token

Scope = Token.Scope

READ_DOCUMENTS = (Scope.DOCUMENTS_READ,)
READ_SETTINGS = (Scope.SETTINGS_READ, Scope.SETTINGS_WRITE)
WRITE_SETTINGS = (Scope.SETTINGS_WRITE,)
READ_RUNS = (Scope.RUNS_WRITE, Scope.SETTINGS_READ, Scope.SETTINGS_WRITE)
WRITE_RUNS = (Scope.RUNS_WRITE,)


class Bearer(HttpBearer):
    """Lets in who brings a known token with one of `scopes`."""

    def __init__(self, scopes: tuple[Scope, ...]) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, _request: HttpRequest, token: str) -> Token:
        """The token's row. Raises `ApiProblem`: 401 for an unknown one, 403 for one without the scope."""
        found = find_token(token.strip())
        if found is None:
            raise ApiProblem(401, "token_unknown", headers=_challenge("invalid_token"))
        if not set(self.scopes) & set(found.scopes):
            scopes = " / ".join(self.scopes)
            headers = _challenge("insufficient_scope", scope=self.scopes[0])
            raise ApiProblem(403, "scope_missing", headers=headers, scopes=scopes)
        return found


def _challenge(error: str, **more: str) -> dict[str, str]:
    parts = {"realm": "approdo", "error": error, **more}
    return {"WWW-Authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())}


def token_of(request: HttpRequest) -> Token:
    """The token that the caller was let in with."""
    return cast("Token", request.auth)  # type: ignore[attr-defined]  # put there by ninja


def refuse_bound(request: HttpRequest) -> None:
    """Raise a 403 where the token is for one connector only: it has no business here."""
    bound = token_of(request).connector
    if bound is not None:
        raise ApiProblem(403, "token_bound", connector=bound.name)


def may_read_personal_data(request: HttpRequest) -> bool:
    """Whether the caller may see who a consumer is."""
    return Scope.PERSONAL_DATA_READ in token_of(request).scopes
