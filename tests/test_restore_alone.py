"""A copy is put back only while nobody else works, and nobody begins meanwhile."""

import signal
import subprocess
from urllib.request import urlopen

import born_ready
import pytest
from copies import copied, refused
from hub import Hub, free_port, wait_for

pytestmark = pytest.mark.hub


def test_nothing_is_restored_under_a_living_worker_or_web_server(hub: Hub):
    file = copied(hub)
    worker = hub.start("worker")
    wait_for(lambda: hub.workers_alive() == 1, "the worker lives")
    assert "workers: 1, web servers: 0" in refused(hub, file)
    worker.terminate()
    worker.communicate()
    port = free_port()
    web = hub.start("web", "--port", str(port))
    wait_for(lambda: answers(port), "the web server answers")
    assert "workers: 0, web servers: 1" in refused(hub, file)
    web.send_signal(signal.SIGKILL)
    web.communicate()
    wait_for(lambda: hub.command("restore", str(file)).returncode == 0, "nobody lives any more")


def answers(port: int) -> bool:
    try:
        return urlopen(f"http://127.0.0.1:{port}/", timeout=5).status == 200
    except OSError:
        return False


HOLDING = """
from approdo.cli import start
start.django_ready()
from approdo.processes.presence import nobody_alive
with nobody_alive():
    print("held", flush=True)
    input()
"""


def test_nobody_begins_to_work_during_a_restore(hub: Hub):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with born_ready.born(["-c", HOLDING], env=hub.environment, cwd=hub.home, **pipes) as restoring:
        assert restoring.stdout.readline() == "held\n"
        for command in (["worker"], ["web", "--port", str(free_port())]):
            done = hub.command(*command)
            assert done.returncode == 1
            assert "is being restored into this database" in done.stderr
        restoring.communicate("\n")
