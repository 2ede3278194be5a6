"""The plainest client there is, so that tests see what is on the wire."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Simulator

USER_AGENT = "Test/1.0 (Language=Python/3.11; Platform=Linux)"
ORDERS = "/vendor/orders/v1/purchaseOrders"
STATUS = "/vendor/orders/v1/purchaseOrdersStatus"
DF_ORDERS = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders"
DF_ORDER = DF_ORDERS + "/{purchaseOrderNumber}"
RDT = "/tokens/2021-03-01/restrictedDataToken"


@dataclass
class Response:
    """A status, headers by their names as sent, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body decoded."""
        return json.loads(self.body)

    @property
    def payload(self) -> Any:
        """The payload of a success."""
        assert self.status == 200, self.body
        return self.json["payload"]

    @property
    def code(self) -> str:
        """The code of the first error."""
        return str(self.json["errors"][0]["code"])


class Client:
    """One keep-alive connection with a token for one account."""

    def __init__(self, simulator: Simulator, refresh_token: str = REFRESH_TOKEN) -> None:
        self._connection = HTTPConnection(simulator.url.removeprefix("http://"), timeout=20)
        self._refresh_token = refresh_token
        self.headers = {"user-agent": USER_AGENT}
        self.restricted_token = ""

    def login(self, **changed: str) -> Response:
        """Take an access token; `changed` form fields, an empty one left out."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh_token,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **changed,
        }
        body = urlencode({name: value for name, value in form.items() if value})
        content_type = "application/x-www-form-urlencoded;charset=UTF-8"
        response = self.send("POST", "/auth/o2/token", body, {"Content-Type": content_type})
        if response.status == 200:
            self.headers["x-amz-access-token"] = response.json["access_token"]
        return response

    def restrict(self, *paths: str, **members: object) -> Response:
        """Take a restricted data token for these paths (default: both of the DF orders)."""
        resources = [{"method": "GET", "path": path, **members} for path in paths or (DF_ORDERS, DF_ORDER)]
        response = self.post(RDT, {"restrictedResources": resources})
        if response.status == 200:
            self.restricted_token = response.json["restrictedDataToken"]
        return response

    def post(self, path: str, body: object, **headers: str) -> Response:
        """POST JSON with the access token."""
        headers = {**self.headers, "content-type": "application/json", **headers}
        return self.send("POST", path, json.dumps(body), headers)

    def get_restricted(self, path: str, **params: object) -> Response:
        """GET with the restricted data token."""
        query = f"?{urlencode(params)}" if params else ""
        return self.send("GET", path + query, None, {**self.headers, "x-amz-access-token": self.restricted_token})

    def df_pages(self, **params: object) -> Iterator[Any]:
        """Each page of the Direct Fulfillment orders, to the end."""
        token: dict[str, str] = {}
        while True:
            answer = self.get_restricted(DF_ORDERS, **params, **token)
            assert answer.status == 200, answer.body
            yield answer.json
            if "pagination" not in answer.json:
                return
            token = {"nextToken": answer.json["pagination"]["nextToken"]}

    def df_numbers(self, **params: object) -> list[str]:
        """The numbers of all Direct Fulfillment orders, page after page."""
        return [order["purchaseOrderNumber"] for page in self.df_pages(**params) for order in page["orders"]]

    def get(self, path: str, **params: object) -> Response:
        """GET with the access token."""
        query = f"?{urlencode(params)}" if params else ""
        return self.send("GET", path + query, None, self.headers)

    def send(self, method: str, target: str, body: str | None, headers: Mapping[str, str]) -> Response:
        """Any request at all."""
        try:
            self._connection.request(method, target, body, dict(headers))
            response = self._connection.getresponse()
            return Response(response.status, dict(response.getheaders()), response.read())
        except Exception:
            self._connection.close()
            raise

    def pages(self, path: str = ORDERS, **params: object) -> Iterator[Any]:
        """The payload of each page, to the end."""
        payload = self.get(path, **params).payload
        yield payload
        while token := payload.get("pagination", {}).get("nextToken"):
            payload = self.get(path, **params, nextToken=token).payload
            yield payload

    def numbers(self, path: str = ORDERS, **params: object) -> list[str]:
        """The numbers of all orders, page after page."""
        member = "orders" if path == ORDERS else "ordersStatus"
        return [order["purchaseOrderNumber"] for page in self.pages(path, **params) for order in page[member]]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def text(moment: datetime) -> str:
    """A moment as a parameter."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
