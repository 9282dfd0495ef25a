"""What a person sees when a command fails: one sentence; the rest goes to the log file."""

import errno
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import redis
import structlog
from redis.exceptions import NoPermissionError
from typer.exceptions import Abort, Exit, TyperException

from console.lines import plain
from domain.errors import BadInput, SyncError
from domain.sheet import NotOnSheet, Settled
from infra import logging
from infra.embedded import EmbeddedServerError
from infra.redis import problem_of

FAILED = 1
"""It was tried and did not succeed, or something wrong was found."""
MISUSED = 2
"""It cannot be done as it was asked for; nothing was done."""
INTERRUPTED = 130
LOG = Path("logs", "pms-sync.log")

CANNOT_BE = (BadInput, NotOnSheet, Settled)
"""Errors of what was asked for, not of the attempt."""

PLAINLY: Mapping[str, str] = {
    r"Input should be a valid integer, unable to parse.*": "give a whole number",
    r"Input should be a valid number, unable to parse.*": "give a number",
    r"Input should be greater than or equal to (\S+)": r"give \1 or more",
    r"Input should be less than or equal to (\S+)": r"give \1 or less",
    r"Value error, ('.*') does not match .*": r"\1 is not a date; write it like 2026-03-31",
}
"""What the parser of options says, and what a person would."""

MORE: Mapping[str, str] = {
    "DatabaseAway": "; try again once it is back, or mend DATABASE_URL.",
    "DatabaseDown": "; try again once it is back, or mend DATABASE_URL.",
    "DatabaseFull": "; make some.",
    "NotAllowed": "; 'pms-sync doctor' names the grant that is missing.",
    "BadStatement": "; 'pms-sync doctor' compares the schema.",
}
"""Where a person goes on from an error that names no way out, by its kind."""

log = structlog.get_logger()


class FileLines:
    """Appends whole lines to a file that is opened only when there is something to say."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def msg(self, line: str) -> None:
        """Where the file cannot be written, to standard error: no command ends for its log."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            with self._path.open("a") as file:
                file.write(line + "\n")
        except OSError:
            sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = exception = msg


def log_to(folder: Path, *, level: str) -> None:
    """Log lines of a command go to a file, so that a person's terminal stays readable."""
    logging.configure(json=True, level=level)
    structlog.configure(logger_factory=lambda *_: FileLines(folder / LOG))


def guarded(command: Callable[[], object], *, folder: Path) -> int:
    """Run it; answer the exit code, with every failure told in one sentence."""
    try:
        code = command()
    except Exit as leaving:
        return leaving.exit_code
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge: everything is told, nothing is shown raw
        return _told(error, folder)
    return code if isinstance(code, int) else 0


def _told(error: Exception, folder: Path) -> int:
    match error:
        case TyperException():
            return _tell(_usage(error), MISUSED)
        case SyncError() | EmbeddedServerError():
            code = MISUSED if isinstance(error, CANNOT_BE) else FAILED
            return _tell(f"{error}{MORE.get(type(error).__name__, '')}", code)
        case redis.ConnectionError() | redis.TimeoutError() | NoPermissionError():
            return _tell(f"{problem_of(error)}.", FAILED)
        case BrokenPipeError():
            # Who read our output has read enough; leave nothing for the interpreter to flush.
            _say_no_more()
            return FAILED
        case OSError(errno=errno.ENOSPC):
            _say_no_more()
            return _tell("There is no room left on the disk that is written to; make some.", FAILED)
    trace_id = uuid4().hex[:12]
    log.error("command.crashed", trace_id=trace_id, exc_info=error)
    return _tell(f"Something unforeseen happened; look for {trace_id} in {folder / LOG}.", FAILED)


def _say_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(sentence: str, code: int) -> int:
    if sentence:
        sys.stderr.write(plain(sentence.rstrip()) + "\n")
    return code


def _usage(misuse: TyperException) -> str:
    """What was wrong with the words; nothing where the help was shown already."""
    message = misuse.format_message().strip().rstrip(".")
    for technical, said in PLAINLY.items():
        message = re.sub(technical, said, message)
    if not message:
        return ""
    context = getattr(misuse, "ctx", None)
    where = context.command_path if context else "pms-sync"
    return f"{message}; see '{where} --help'."
