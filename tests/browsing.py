"""A user who signs in and asks for pages over HTTP, without a browser."""

import httpx2
from hub import Hub

NAME, PASSWORD = "anna", "approdo-approdo"


def add_user(hub: Hub) -> None:
    """A user who may do everything."""
    added = hub.command("user", "add", NAME, "--password-stdin", given=PASSWORD)
    assert added.returncode == 0, added.stderr


def answers(address: str) -> bool:
    """Whether a web process answers there."""
    try:
        return httpx2.get(f"{address}/login/").status_code == 200
    except httpx2.RequestError:
        return False


def post(browser: httpx2.Client, url: str, form: dict[str, str]) -> httpx2.Response:
    """Send a form as a browser does."""
    given = {**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    return browser.post(url, data=given, headers={"referer": url})


def sign_in(browser: httpx2.Client, address: str) -> None:
    """Sign in; the cookies are good for every web process of the installation."""
    browser.get(f"{address}/login/")
    answer = post(browser, f"{address}/login/", {"username": NAME, "password": PASSWORD})
    assert (answer.status_code, answer.url.path) == (200, "/")
