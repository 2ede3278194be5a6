"""Recipients: who is told of alarms and of orders."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import WRITE_SETTINGS, refuse_bound
from approdo.api.bodies import Body
from approdo.api.records import Key, Resource, add_record_routes, reachable
from approdo.api.routes import Route, add_route, answer
from approdo.nodes.sentences import explain_error
from approdo.processes import notices
from approdo.processes.records import RECIPIENTS
from approdo.sdk.errors import ApprodoError

ADDRESS = "An e-mail address, or for a webhook an address that begins with https:// or http://."
NEWS = "How often it is told of new, changed and cancelled orders; `day`: at 7 in the morning, for the day before."


class RecipientBody(Body):
    """Who or what is told, and of what."""

    name: str
    kind: Literal["email", "webhook"] = "email"
    address: str = Field(description=ADDRESS)
    secret: str | None = Field(
        None, description="Signs each call to a webhook as Standard Webhooks has it: `whsec_` and base64."
    )
    language: Literal["it", "en"] = "it"
    alarms: bool = True
    news: Literal["none", "run", "day"] = Field("none", description=NEWS)
    active: bool = True


class Recipient(BaseModel):
    """A recipient as it is shown."""

    id: int
    name: str
    kind: str
    address: str = Field(description="Of a webhook only scheme and host, without the scope `settings:write`.")
    language: str
    alarms: bool
    news: str = Field(description=NEWS)
    active: bool
    secrets_set: list[str] = Field(description="The secrets that are set; their values are never given out.")


class Arrival(BaseModel):
    """Whether a test was taken."""

    sent: bool
    code: str = Field(description="Why it was not; empty where it was.")
    message: str
    hint: str


router = Router(tags=["Recipients"])
testing = Route("test_recipient", "Send a test", WRITE_SETTINGS, Arrival, problems=(404,))


@add_route(router, "POST", "/{path:id}/test", testing)
def test_recipient(request: HttpRequest, key: Key) -> HttpResponse:
    """Sends a few words at once, with the saved settings, and says how it went."""
    refuse_bound(request)
    try:
        notices.test(reachable(request, RECIPIENTS, key), timezone.now())
    except ApprodoError as error:
        if error.code == "record_not_found":
            raise
        said = explain_error(error)
        return answer({"sent": False, "code": error.code, "message": said.message, "hint": said.hint})
    return answer({"sent": True, "code": "", "message": "", "hint": ""})


add_record_routes(router, Resource(RECIPIENTS, RecipientBody, Recipient))
