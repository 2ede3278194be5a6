"""Processes of Python that are born ready: forked off one that has imported the libraries, a second of work each time.

`born` is `subprocess.Popen([sys.executable, *arguments])`: what the arguments name (`-m`, `-c` or a file) begins
anew, with an environment, a folder and pipes of its own. Nothing of ours was imported before. With
APPRODO_TEST_PLAIN=1, or where forking is not like that of Linux, every process is started by itself.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import types
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

PLAIN = "APPRODO_TEST_PLAIN" in os.environ or not sys.platform.startswith("linux")

LIBRARIES = """
argon2 click cronsim cryptography.fernet dbos dotenv granian.server httpcore2 httpx2 lxml.etree msgspec
multiprocessing.managers openpyxl paramiko prometheus_client psycopg pydantic.main pyrate_limiter rich.console
rich.live rich.progress rich.table rich.traceback xlsxwriter
sqlalchemy.dialects.postgresql.psycopg sqlalchemy.dialects.sqlite stamina standardwebhooks structlog yaml
django.apps django.contrib.auth.hashers django.contrib.staticfiles.finders django.core.files.storage
django.core.handlers.wsgi django.core.mail.backends.smtp django.core.management.commands.migrate django.core.wsgi
django.db.backends.postgresql.base django.db.backends.sqlite3.base django.db.migrations.executor
django.db.models.fields.json django.forms.models django.template.loader django.template.loader_tags
django.urls django.utils.timezone django.utils.translation.trans_real django.views.decorators.csrf django.views.i18n
"""

_asking = threading.Lock()


class Born(subprocess.Popen[str]):
    """One of them: what `Popen` promises, but the mother of all waits for its end and tells of it."""

    def _execute_child(self, args: Any, _executable: Any, _preexec: Any, _close: Any, _pass: Any, *rest: Any) -> None:
        cwd, env, *_, into, to_it, from_it, out, from_errors, errors = rest[:11]
        told, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._told = told
        given = [number if number >= 0 else standard for standard, number in enumerate((into, out, errors))]
        asked = {"arguments": args[1:], "folder": str(cwd or Path.cwd()), "environment": dict(env or os.environ)}
        with _asking:
            socket.send_fds(_line_to_the_mother(), [json.dumps(asked).encode()], [*given, telling.fileno()])
        telling.close()
        self._close_pipe_fds(into, to_it, from_it, out, from_errors, errors)
        self.pid = int(told.recv(20))
        self._child_created = True

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._told.fileno() < 0:
            return self.pid, self.returncode
        if wait_flags and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = self._told.recv(20)
        self._told.close()
        return self.pid, int(status or 1)

    def _internal_poll(self, *_: Any, **_more: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                number, status = self._try_wait(os.WNOHANG)
                if number:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def born(arguments: list[str], *, plain: bool = False, **how: Any) -> "subprocess.Popen[str]":
    """Start Python with these arguments; `how` is what `Popen` takes. A `plain` one is not born ready."""
    return (subprocess.Popen if plain or PLAIN else Born)([sys.executable, *arguments], text=True, **how)


def run(arguments: list[str], timeout: float, given: str | None = None, **how: Any) -> subprocess.CompletedProcess[str]:
    """The same to its end, with what it wrote; it reads what is `given`."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    with born(arguments, stdin=stdin, **how) as process:
        try:
            out, errors = process.communicate(given, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, errors)


@cache
def _line_to_the_mother() -> socket.socket:
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mother = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")},
    )  # fmt: skip
    theirs.close()
    atexit.register(_dismiss, line, mother)
    return line


def _dismiss(line: socket.socket, mother: "subprocess.Popen[bytes]") -> None:
    line.close()
    mother.wait()


def _be_a_mother(line: socket.socket) -> dict[str, Any]:
    """Fork for every request and tell how each child ended. Returns in the children only: what they are to be."""
    for library in LIBRARIES.split():
        import_module(library)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, tuple[int, int]] = {}
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    while True:
        for number, _ in waiting.poll():
            if number in children:
                _tell(number, *children.pop(number))
                waiting.unregister(number)
                os.close(number)
                continue
            asked, files, *_ = socket.recv_fds(line, 1 << 20, 4)
            if not asked:
                os._exit(0)
            child = os.fork()
            if child == 0:
                return {**json.loads(asked), "files": files[:3]}
            os.write(files[3], str(child).encode())
            for file in files[:3]:
                os.close(file)
            watched = os.pidfd_open(child)
            children[watched] = (child, files[3])
            waiting.register(watched, select.POLLIN)


def _tell(_number: int, child: int, to: int) -> None:
    status = os.waitpid(child, 0)[1]
    with suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(to, str(status).encode())
    os.close(to)


def _be(files: list[int], folder: str, environment: dict[str, str], arguments: list[str]) -> None:
    for standard, file in enumerate(files):
        os.dup2(file, standard)
    os.closerange(3, 1024)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = False  # else each would compile all of ours, a third of its work
    kind, *more = arguments
    if kind == "-m":
        sys.path[0], sys.argv = folder, more
        runpy.run_module(more[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.path[0], sys.argv = "", ["-c", *more[1:]]
        program = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(more[0], program.__dict__)
    else:
        sys.path[0], sys.argv = str(Path(kind).parent), arguments
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    _be(**_be_a_mother(socket.socket(fileno=int(sys.argv[1]))))
