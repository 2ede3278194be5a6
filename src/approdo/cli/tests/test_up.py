"""`approdo up`: both parts run, come back, and end with it however it ends."""

import os
import re
import signal
import socket
import subprocess  # noqa: TC003
import urllib.request
from pathlib import Path

import pytest
from hub import Hub, wait_for

pytestmark = [pytest.mark.hub, pytest.mark.once]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def parts(hub: Hub) -> dict[int, str]:
    """The living processes of this home, by number: what each was started with."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"APPRODO_HOME={hub.home}\0".encode() in environment and "approdo" in command:
            found[int(process.name)] = command
    return found


def started(hub: Hub, port: int) -> "subprocess.Popen[str]":
    hub.plain = True  # as an operator starts it
    up = hub.start("up", "--port", str(port))
    wait_for(lambda: answers(port), "the web server answered")
    wait_for(lambda: len(parts(hub)) >= 3, "both children live")
    return up


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_up_serves_and_ctrl_c_ends_everything(hub: Hub):
    port = free_port()
    up = started(hub, port)
    wait_for(lambda: "1 alive" in hub.command("doctor").stdout, "the worker lives")
    up.send_signal(signal.SIGINT)
    output, _ = up.communicate(timeout=30)
    assert up.returncode == 0
    assert f"http://127.0.0.1:{port}" in output
    assert "approdo user add" in output
    assert "Traceback" not in output
    assert parts(hub) == {}


def test_a_part_that_dies_is_started_again_and_all_end_with_a_killed_supervisor(hub: Hub):
    port = free_port()
    up = started(hub, port)
    (worker,) = [number for number, command in parts(hub).items() if re.search(r"approdo worker", command)]
    os.kill(worker, signal.SIGKILL)

    def another_worker() -> bool:
        return any("approdo worker" in command and number != worker for number, command in parts(hub).items())

    wait_for(another_worker, "the worker came back")
    up.kill()
    up.wait()
    wait_for(lambda: not parts(hub), "nothing is left of it")


def test_a_port_that_is_taken_is_one_sentence(hub: Hub):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = hub.command("up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "--port" in done.stderr
