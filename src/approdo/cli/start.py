"""What every command does before it touches the database."""

import logging
import os
import signal
import threading

from approdo import environment, logs
from approdo.cli import texts


def django_ready() -> None:
    """Load Django with our settings and speak the reader's language. Raises `ConfigError`."""
    if texts.django_is_ready():
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "approdo.settings")
    import django
    from django.utils import translation

    django.setup()
    translation.activate(language())


def language() -> str:
    """The language of the command's texts: APPRODO_LANGUAGE, else the terminal's, else English."""
    from django.conf import settings

    named = (environment.setting("LANGUAGE"), *map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")))
    wanted = next((name for name in named if name), "en")
    code = wanted[:2].lower()
    return code if code in dict(settings.LANGUAGES) else "en"


def stop_event() -> threading.Event:
    """Set when this process is asked to end: Ctrl-C, SIGTERM, a closed terminal."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def end_with_cleaning_up() -> None:
    """Have SIGTERM and a closed terminal end this process as Ctrl-C does, so that it removes what it began."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def open_database(*, for_service: bool = False) -> None:
    """Refuse a database of an older version or encrypted with another key, as `ConfigError`.

    A command makes a new embedded database, so that the first of all needs no other before it, and
    logs without tracebacks. A service does neither: whoever operates it reads its log.
    """
    django_ready()
    from approdo.cli import schema
    from approdo.processes import installation

    if for_service:
        logs.for_service()
    else:
        log_in_sentences()
        if schema.is_new():
            schema.bring_up_to_date()
    installation.refuse_older()
    installation.refuse_other_key()
    if for_service:
        from approdo.processes.presence import refuse_during_restore

        refuse_during_restore()


def open_existing_database() -> None:
    """The same for a command that has nothing to do where there is no hub yet. Raises `ConfigError("no_hub")`."""
    django_ready()
    from django.conf import settings

    from approdo.cli import schema
    from approdo.processes import installation
    from approdo.sdk.errors import ConfigError

    log_in_sentences()
    if schema.is_absent():
        raise ConfigError("no_hub", place=str(settings.DATABASES["default"]["NAME"]))
    installation.refuse_older()
    installation.refuse_other_key()


def log_in_sentences() -> None:
    """Log without tracebacks, unless APPRODO_DEBUG asks for them."""
    if os.environ.get("APPRODO_DEBUG") != "1":
        for handler in logging.getLogger().handlers:
            handler.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = record.exc_text = None
    return True
