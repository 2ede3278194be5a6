"""Logs: lines for people on a terminal, else one JSON object a line; nothing secret in either.

What libraries log goes the same way. `configure` is what Django calls with `settings.LOGGING`.
"""

import logging.config
import sys
import threading
from typing import Any

import structlog
from structlog import contextvars, dev, processors, stdlib
from structlog.typing import EventDict, Processor, WrappedLogger

from approdo import environment, redaction

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("console", "json")

QUIET = ("httpx2", "httpcore2", "_granian", "granian.access")
"""Libraries that would log each request; what their errors say still comes."""


def configuration(*, service: bool = False) -> dict[str, Any]:
    """The configuration of Python's logging, from `APPRODO_LOG_LEVEL` and `APPRODO_LOG_FORMAT`.

    A service tells what it does, and as JSON where nobody watches. A command tells what goes wrong, in
    words. Raises `ConfigError` for a level or format that does not exist.
    """
    level = environment.choice("LOG_LEVEL", LEVELS, "info" if service else "warning").upper()
    watched = sys.stderr is not None and sys.stderr.isatty()
    form = environment.choice("LOG_FORMAT", FORMATS, "console" if watched or not service else "json")
    others = max(logging.WARNING, logging.getLevelName(level))
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": stdlib.ProcessorFormatter, **_formatter(form, colors=watched)}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": others},
        "loggers": {
            "approdo": {"level": level},
            # A refusal is told to whoever asked; the log is for what goes wrong here.
            "django.request": {"level": "ERROR"},
            # What fails there is told by whoever asked it, in words and without a traceback.
            "paramiko": {"level": "CRITICAL"},
            # The engine brings a handler of its own where it finds none.
            "dbos": {"handlers": ["stderr"], "propagate": False, "level": "ERROR"},
            **{name: {"level": others, "handlers": [], "propagate": True} for name in QUIET},
        },
    }


def configure(logging_settings: dict[str, Any]) -> None:
    """Make Python's logging and structlog speak with one voice."""
    logging.config.dictConfig(logging_settings)
    structlog.configure(
        processors=[
            stdlib.filter_by_level,
            stdlib.PositionalArgumentsFormatter(),
            *_BOTH,
            stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=stdlib.BoundLogger,
        logger_factory=stdlib.LoggerFactory(),
    )


def for_service() -> None:
    """From now on this process logs as a service does; what a thread dies of is logged too."""
    configure(configuration(service=True))
    threading.excepthook = _thread_died


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None and died.exc_type is not SystemExit:
        log = logging.getLogger(__name__)
        log.error("a thread died: %s", died.thread and died.thread.name, exc_info=died.exc_value)


_BOTH: list[Processor] = [
    contextvars.merge_contextvars,
    stdlib.add_log_level,
    stdlib.add_logger_name,
    processors.TimeStamper(fmt="iso", utc=True),
]


def _formatter(form: str, *, colors: bool) -> dict[str, Any]:
    # Tracebacks are text without the values of variables before anything is redacted or rendered.
    last: list[Processor] = [_engines_work, stdlib.ProcessorFormatter.remove_processors_meta]
    last += [processors.format_exc_info, redaction.redact, _in_order]
    if form == "json":
        last.append(processors.JSONRenderer(ensure_ascii=False, default=str))
    else:
        last.append(dev.ConsoleRenderer(colors=colors, exception_formatter=dev.plain_traceback))
    return {"processors": last, "foreign_pre_chain": _BOTH}


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What people look for first stands first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def _engines_work(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What the engine itself logs names the work that it does."""
    work = getattr(event.get("_record"), "operationUUID", None)
    if work:
        event["workflow"] = work
    return event
