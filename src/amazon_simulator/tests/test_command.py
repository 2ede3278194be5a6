"""`python -m amazon_simulator`."""

import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

from amazon_simulator.__main__ import _parser, _simulator, main


def test_it_says_where_it_is_and_stops_quietly() -> None:
    command = [sys.executable, "-m", "amazon_simulator", "--port", "0", "--orders", "7"]
    command += ["--dial", "http_500,times=1", "--latency", "1", "--no-rate-limit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        line = process.stdout.readline()
        matched = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert matched, line
        assert "simulator-secret" in line
        assert "Atzr|simulator-eu,Atzr|simulator-second" in line
        with urlopen(f"{matched[0]}/_simulator/dials") as answer:
            assert b'"name":"http_500"' in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("options", "orders"), [([], None), (["--df-orders", "0"], 0), (["--df-orders", "30"], 30)])
def test_direct_fulfillment_orders_can_be_asked_for(options: list[str], orders: int | None) -> None:
    simulator = _simulator(_parser().parse_args(["--port", "0", "--orders", "5", *options]))
    assert simulator.accounts[0].df_orders == orders
    assert len(simulator.df_orders()) == (orders or 0)
    assert len(simulator.df_orders("second")) == (orders or 0) // 10
    simulator.stop()


def test_many_accounts_can_be_asked_for_each_with_orders_of_its_own() -> None:
    simulator = _simulator(_parser().parse_args(["--port", "0", "--orders", "5", "--accounts", "3"]))
    assert [account.name for account in simulator.accounts] == ["vendor-1", "vendor-2", "vendor-3"]
    numbers = [order.number for account in simulator.accounts for order in simulator.orders(account.name)]
    assert len(set(numbers)) == 15
    assert len({account.refresh_token for account in simulator.accounts}) == 3
    simulator.stop()


def test_a_port_in_use_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert str(port) in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "bad", [["--dial", "nothing"], ["--orders", "-1"], ["--df-orders", "-1"], ["--dial", "hang=x"]]
)
def test_bad_usage_ends_with_2(bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(bad)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
