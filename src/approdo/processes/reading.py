"""The windows of a run, read to their end: several pages are asked for at a time, and stored one by one.

Only the thread that calls touches the database; the others ask, and what they hold can be asked for again. While a
page is stored the next of its window is on its way. Where a reading breaks off, the windows' rows know how far it came.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.utils import timezone
from msgspec import Struct, field
from msgspec.structs import replace

from approdo.exchanges.intake import fail_statuses, fail_window, keep_requests, restart_window, take_page
from approdo.exchanges.models import WindowRead
from approdo.many import select
from approdo.processes import database, planning, recodings, runs
from approdo.processes.models import Connector, Run
from approdo.sdk.connector import RequestMade, Scan
from approdo.sdk.documents import Batch
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.statuses import StatusBatch

AT_ONCE = 8
"""So many windows at most are read at a time. Answers that take 0.4 s then leave none of Amazon's rate unused
(reference 4.1: ten requests a second)."""

LOOK_SECONDS = 1.0
"""So often a reading that waits for answers looks whether it is still wanted."""

TOKEN_LIFE = timedelta(minutes=10)
"""A page token older than this is not trusted: its window starts again."""

MOST_RESTARTS = 3
"""How often a window starts again because Amazon refused the token that it gave."""

MOST_FAILED = 3
"""After so many windows that could not be read, the run does not try the rest."""

MOST_PAGES = 20_000
"""Of one window: two million orders in a week. Whoever gives more is going round in circles."""

Answer = tuple[Batch | StatusBatch, str | None]


def read(run: Run, windows: Sequence[int]) -> None:
    """Read the windows with these numbers, in their order, to their end or to that of the run.

    Statuses come after all orders: what they meet with must not keep orders waiting. Done again, it goes on where
    the rows say. Raises an `ApprodoError` that is the run's and not one window's.
    """
    if run.connector is None:
        return
    scans = dict(WindowRead.objects.filter(run=run.pk, pk__in=windows).values_list("pk", "scan"))
    if len(scans) < len(windows):
        raise _progress_lost()
    for is_status in (False, True):
        with _Reader(run, run.connector) as reader:
            reader.read([window for window in windows if Scan(scans[window]).is_status == is_status])


class TakenOver(BaseException):
    """Another worker goes on with the run. No `Exception`, so that nobody remembers it as what became of the work."""


class _Page(Struct):
    """A page that was asked for: the `number`th, from 0, of its window; how many windows had failed before it was."""

    window: WindowRead
    number: int
    failures: int
    made: list[RequestMade] = field(default_factory=list)


class _Reader:
    """Some windows of a run while they are read."""

    def __init__(self, run: Run, connector: Connector) -> None:
        self._run = run
        self._work = planning.work_of(connector)
        self._context = planning.context(connector, [])
        self._waiting: deque[int] = deque()
        self._asked: dict[Future[Answer], _Page] = {}
        self._at_once = 1  # till something was answered well: what is wrong is not asked eight times
        self._failures = 0
        self._worker = Run.objects.values_list("worker", flat=True).get(pk=run.pk)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reading")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Log what is still under way; not where it ends by what is no error of the run's, as with the worker."""
        ended = error is None or isinstance(error, ApprodoError)
        self._pool.shutdown(wait=ended, cancel_futures=True)
        if ended:
            keep_requests(self._run.pk, [made for page in self._asked.values() for made in page.made])

    def read(self, windows: Sequence[int]) -> None:
        self._waiting.extend(windows)
        answered: set[Future[Answer]] = set()
        while answered or self._goes_on():
            while self._waiting and len(self._asked) < self._at_once:
                self._open(self._waiting.popleft())
            if not self._asked:
                return
            answered, _ = wait(self._asked, LOOK_SECONDS, FIRST_COMPLETED)
            for answer in answered:
                if not self._goes_on():
                    return
                self._take(self._asked.pop(answer), answer)

    def _goes_on(self) -> bool:
        """Whether the run is still wanted. Raises `database.Closing` where the worker ends, `TakenOver`."""
        if database.closing.is_set():
            raise database.Closing
        for worker, connector in select(Run, ("worker", "connector_id"), {"id": self._run.pk}, "state", Run.LIVE):
            if worker != self._worker:
                raise TakenOver
            return connector is not None
        return False

    def _open(self, number: int) -> None:
        """Ask for the page that the window's row says comes next, if any."""
        window = WindowRead.objects.filter(pk=number).first()
        if window is None:
            raise _progress_lost()
        if window.complete or window.error_code:
            return
        if window.next_token and window.read_at and timezone.now() - window.read_at > TOKEN_LIFE:
            restart_window(window)
        self._ask(window, window.pages, window.next_token)

    def _ask(self, window: WindowRead, number: int, token: str | None) -> Future[Answer]:
        page = _Page(window, number, self._failures)
        context = replace(self._context, record=page.made.append)
        # Each in a copy of the context, so that what is logged there bears the run's number.
        answer = self._pool.submit(copy_context().run, self._work.step, context, window.window(), token)
        self._asked[answer] = page
        return answer

    def _take(self, page: _Page, answer: Future[Answer]) -> None:
        """Ask for the page that follows, and store this one."""
        window = page.window
        try:
            batch, next_token = answer.result()
            if page.made:  # not before its turn came, nor before it was tried again
                batch = replace(batch, asked_at=page.made[-1].at)
            clock = _their_clock(page.made)
            if page.number == 0:
                _refuse_future(window, clock)
        except BaseException as error:
            keep_requests(self._run.pk, page.made)
            if not isinstance(error, ApprodoError):
                raise
            if self._is_the_same_fault(page, error) or _not_read(window, error):
                self._waiting.appendleft(window.pk)
            return
        self._at_once = AT_ONCE
        endless = page.number + 1 >= MOST_PAGES
        following = self._ask(window, page.number + 1, next_token) if next_token and not endless else None
        taken = take_page(window, page.number, batch, next_token, timezone.now(), clock, page.made, recodings.asked)
        if not taken:
            self._begin_anew(window, following)
        elif next_token and endless:
            _give_up(window, TransientError("endless_pages", pages=MOST_PAGES))
        runs.note_progress(self._run.pk)

    def _is_the_same_fault(self, page: _Page, error: ApprodoError) -> bool:
        """Whether what failed was under way when a window failed already: one outage is not the fault of eight.

        Such a window is asked for once more; after a failure one by one, until something is answered well.
        """
        if not isinstance(error, TransientError):
            return False
        same = page.failures < self._failures
        self._failures += not same
        self._at_once = 1
        return same

    def _begin_anew(self, window: WindowRead, following: Future[Answer] | None) -> None:
        """Somebody else reads the window too: let go of our series of pages and go on with theirs."""
        if following:
            wait([following])
            keep_requests(self._run.pk, self._asked.pop(following).made)
        self._waiting.appendleft(window.pk)


def _not_read(window: WindowRead, error: ApprodoError) -> bool:
    """What an error means for a window; true where it begins again. Raises the error where it is the run's."""
    if error.code == "page_token_refused" and window.restarts < MOST_RESTARTS:
        restart_window(window)
        return True
    if isinstance(error, RefusedError | TransientError):
        _give_up(window, error)
    elif isinstance(error, ConfigError) and Scan(window.scan).is_status:
        fail_statuses(window.run, error)  # a role can be missing for statuses alone: orders do not suffer from it
    else:
        raise error
    return False


def _give_up(window: WindowRead, error: ApprodoError) -> None:
    """Leave a window that cannot be read and go on: the newest orders do not wait for an old fault.

    Raises the error where too many could not be read: then it is not the window's.
    """
    fail_window(window, error)
    failed = WindowRead.objects.filter(run=window.run, scan__in=_alike(window.scan)).exclude(error_code="")
    if failed.count() >= MOST_FAILED:
        raise error


def _alike(scan: str) -> list[Scan]:
    """The scans that ask the same operation: where one is out of order, so are the others."""
    return [one for one in Scan if one.is_status == Scan(scan).is_status]


def _refuse_future(window: WindowRead, clock: datetime | None) -> None:
    """A window that begins after the other side's own clock proves nothing, however well-formed its page."""
    if clock and clock <= window.start:
        ahead = timezone.now() - clock
        raise ConfigError("clock_ahead", minutes=round(ahead.total_seconds() / 60))


def _their_clock(made: Sequence[RequestMade]) -> datetime | None:
    """The other side's clock when it began to answer the last request."""
    last = made[-1] if made else None
    return last.their_clock - timedelta(milliseconds=last.milliseconds) if last and last.their_clock else None


def _progress_lost() -> ConfigError:
    """What the engine remembers as planned may be newer than the database: a copy was put back, or a disk lied."""
    return ConfigError("progress_lost")
