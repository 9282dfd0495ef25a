"""Log lines that carry listed keys only, whoever writes them: ours, dramatiq, uvicorn, httpx."""

import json as jsonlib
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.contextvars import merge_contextvars

from domain.errors import SyncError
from infra.log_keys import ALLOWED

LONGEST_VALUE = 500
MOST_FRAMES = 30
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

# Their templates are constants; what they fill in (arguments, addresses, rows) is left out.
KNOWN_LIBRARIES = frozenset(
    {"alembic", "apscheduler", "dramatiq", "httpcore", "httpx", "redis", "sqlalchemy", "uvicorn"}
)
LEVELS: Mapping[str, int] = {
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "dramatiq": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn.access": logging.ERROR,
}

Event = MutableMapping[str, Any]


def configure(*, json: bool, level: str) -> None:
    """Call once in `main`; lines go to standard error, because standard output is for answers."""
    renderer = _json_line if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            describe_errors,
            only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=lambda *_: StandardError(),
        cache_logger_on_first_use=False,
    )
    _route_libraries(level.upper())
    sys.excepthook = _crashed
    warnings.showwarning = _warned
    threading.excepthook = _thread_crashed


def describe_errors(_: Any, __: str, event: Event) -> Event:
    """An exception becomes its class and its frames; its words stay only if they are ours."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["frames"] = " > ".join(_frames(error.__traceback__))
        if isinstance(error, SyncError):
            event["error_text"] = str(error)
        if error.__cause__ is not None:
            event["caused_by"] = type(error.__cause__).__name__
    return event


def only_allowed(_: Any, __: str, event: Event) -> Event:
    """The last processor before the line is written; nothing may be added after it."""
    kept = {key: _plain(value) for key, value in event.items() if key in ALLOWED}
    dropped = len(event) - len(kept)
    if dropped:
        kept["dropped"] = dropped
    return kept


class StandardError:
    """Writes whole lines to the stream standard error is at that moment."""

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


class LibraryHandler(logging.Handler):
    """Passes a library's records on as events, without the values it filled in."""

    def emit(self, record: logging.LogRecord) -> None:
        library = record.name.partition(".")[0]
        known = library in KNOWN_LIBRARIES and isinstance(record.msg, str)
        structlog.get_logger().log(
            record.levelno,
            record.msg if known else "library.logged",
            logger=record.name,
            where=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


def _route_libraries(level: str) -> None:
    root = logging.getLogger()
    root.handlers = [LibraryHandler()]
    root.setLevel(level)
    for name, lowest in LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(lowest, root.level))


def _json_line(_: Any, __: str, event: Event) -> str:
    return jsonlib.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str | int | float | bool | None:
    """A value that is safe on one line; anything with an inside is only named by its type."""
    if isinstance(value, Enum):
        value = value.value
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return CONTROL.sub(_escaped, value)[:LONGEST_VALUE]
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case _:
            return f"<{type(value).__name__}>"


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    """module:line for each frame, the outermost first."""
    places = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    yield from places[-MOST_FRAMES:]


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning's words may quote the value that it warns of, so only its kind is told."""
    where = f"{Path(filename).stem}:{lineno}"
    structlog.get_logger().warning("library.warned", error=category.__name__, where=where)


def _crashed(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.crashed", exc_info=(kind, error, traceback))


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    structlog.get_logger().critical("thread.crashed", exc_info=crash.exc_value)
