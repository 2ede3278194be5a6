"""Amazon's usage plan: 10 requests a second, burst 10, each account and operation for itself."""

import time

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator
from amazon_simulator.tests.client import ORDERS, STATUS, Client
from amazon_simulator.tests.conftest import NOW


def test_the_eleventh_request_at_once_is_refused(week: dict[str, str]) -> None:
    # A rate that cannot refill while the test runs, so that a slow machine counts the same.
    with Simulator(orders=20, now=NOW, rate_limit=(0.01, 10)) as simulator:
        client = Client(simulator)
        client.login()
        answers = [client.get(ORDERS, **week) for _ in range(11)]
        assert [answer.status for answer in answers] == [200] * 10 + [429]
        assert answers[-1].json == {
            "errors": [
                {
                    "code": "QuotaExceeded",
                    "message": "You exceeded your quota for the requested resource.",
                    "details": "",
                }
            ]
        }
        assert "x-amzn-RateLimit-Limit" not in answers[-1].headers
        assert "Retry-After" not in answers[-1].headers


def test_operations_and_accounts_have_their_own_buckets(week: dict[str, str]) -> None:
    with Simulator(orders=20, now=NOW, rate_limit=(0.01, 1)) as simulator:
        client, other = Client(simulator), Client(simulator, SECOND_REFRESH_TOKEN)
        client.login()
        other.login()
        assert client.get(ORDERS, **week).status == 200
        assert client.get(ORDERS, **week).status == 429
        assert client.get(STATUS, **week).status == 200
        assert other.get(ORDERS, **week).status == 200


def test_the_bucket_fills_again(week: dict[str, str]) -> None:
    with Simulator(orders=20, now=NOW, rate_limit=(5, 1)) as simulator:
        client = Client(simulator)
        client.login()
        assert client.get(ORDERS, **week).status == 200
        assert client.get(ORDERS, **week).status == 429
        time.sleep(0.3)
        assert client.get(ORDERS, **week).status == 200


def test_the_limit_is_on_by_default_and_can_be_set_while_running(week: dict[str, str]) -> None:
    with Simulator(orders=20, now=NOW) as simulator:
        client = Client(simulator)
        client.login()
        assert 429 in {client.get(ORDERS, **week).status for _ in range(60)}
        simulator.set_rate_limit(False)
        assert {client.get(ORDERS, **week).status for _ in range(60)} == {200}
