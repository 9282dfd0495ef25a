"""No line of the log may carry what nobody listed, whoever wrote it."""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from domain.errors import BadRecord
from domain.jobs import Queue
from infra.logging import configure

CANARY = "Ada Canary 0400 000 001"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    hooks = sys.excepthook, threading.excepthook
    configure(json=True, level="INFO")
    yield
    root.handlers = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()


def fail_with(error: Exception) -> NoReturn:
    raise error


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_a_level_and_an_instant_in_utc(capsys: Capture) -> None:
    structlog.get_logger().info("sync.page_saved", saved=20, kind="sync", queue=Queue.SYNC)

    (line,) = lines(capsys)
    assert line["event"] == "sync.page_saved"
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")
    assert line["saved"] == 20
    assert line["queue"] == "sync"


def test_keys_nobody_listed_are_dropped_and_counted(capsys: Capture) -> None:
    structlog.get_logger().info("sync.page_saved", patient=CANARY, phone=CANARY, saved=1)

    (line,) = lines(capsys)
    assert line["dropped"] == 2
    assert "Canary" not in str(line)


def test_a_listed_key_holds_plain_values_only(capsys: Capture) -> None:
    structlog.get_logger().info(
        "sync.page_saved",
        status={"name": CANARY},
        page=[CANARY],
        run_id=UUID(int=1),
        day=date(2026, 1, 5),
        due_at=datetime(2026, 1, 5, tzinfo=UTC),
        seconds=timedelta(seconds=2),
    )

    (line,) = lines(capsys)
    assert line["status"] == "<dict>"
    assert line["page"] == "<list>"
    assert line["run_id"] == str(UUID(int=1))
    assert (line["day"], line["due_at"]) == ("2026-01-05", "2026-01-05T00:00:00+00:00")
    assert line["seconds"] == 2.0


def test_one_event_is_one_line_whatever_is_in_it(capsys: Capture) -> None:
    forged = 'a\n{"event":"forged"}\r\x1b[2J\u2028\x85b'

    structlog.get_logger().info(forged, reason=forged)
    configure(json=False, level="INFO")
    structlog.get_logger().info("plain", reason=forged)

    written = capsys.readouterr().err
    assert len(written.splitlines()) == 2
    assert "\x1b" not in written
    assert "\\u000a" in written


def test_long_values_are_cut(capsys: Capture) -> None:
    structlog.get_logger().info("sync.failed", reason="x" * 10_000)

    assert len(lines(capsys)[0]["reason"]) == 500


def test_a_foreign_exception_shows_its_class_and_frames_and_not_its_words(capsys: Capture) -> None:
    try:
        fail_with(ValueError(CANARY))
    except ValueError:
        structlog.get_logger().exception("sync.failed")

    (line,) = lines(capsys)
    assert line["error"] == "ValueError"
    assert f"{__name__}:" in line["frames"]
    assert "Canary" not in str(line)
    assert "error_text" not in line


def test_our_own_errors_may_speak(capsys: Capture) -> None:
    try:
        try:
            fail_with(KeyError(CANARY))
        except KeyError as cause:
            raise BadRecord("start: not a time", path="start") from cause
    except BadRecord:
        structlog.get_logger().warning("sync.failed", exc_info=True)

    (line,) = lines(capsys)
    assert line["error_text"] == "start: not a time"
    assert line["caused_by"] == "KeyError"
    assert "Canary" not in str(line)


def test_what_dramatiq_says_of_a_message_keeps_its_arguments_to_itself(capsys: Capture) -> None:
    logger = logging.getLogger("dramatiq.worker.WorkerThread")

    try:
        fail_with(RuntimeError(CANARY))
    except RuntimeError:
        logger.exception("Failed to process message %s with unhandled exception.", CANARY)

    (line,) = lines(capsys)
    assert line["event"] == "Failed to process message %s with unhandled exception."
    assert line["logger"] == "dramatiq.worker.WorkerThread"
    assert line["error"] == "RuntimeError"
    assert "Canary" not in str(line)


@pytest.mark.parametrize("name", ["asyncio", "somelibrary", "root"])
def test_a_library_we_do_not_know_only_says_that_it_spoke(capsys: Capture, name: str) -> None:
    logging.getLogger(name).error(f"Task failed: {CANARY}")  # noqa: G004 - what libraries do

    (line,) = lines(capsys)
    assert line["event"] == "library.logged"
    assert line["where"].startswith("test_logging:")
    assert "Canary" not in str(line)


@pytest.mark.parametrize(
    "name", ["httpx", "dramatiq", "uvicorn.access", "sqlalchemy.engine", "botocore.auth"]
)
def test_chatty_loggers_are_quiet_at_info(capsys: Capture, name: str) -> None:
    logging.getLogger(name).info('HTTP Request: GET https://x.example.com/?token=%s "200"', CANARY)

    assert lines(capsys) == []


def test_what_was_bound_is_on_every_line_also_on_those_of_libraries(capsys: Capture) -> None:
    with bound_contextvars(job_id=42, pms="gentu", connection_id="c-1", trace_id="t-1"):
        structlog.get_logger().info("sync.finished")
        logging.getLogger("redis").warning("slow")
    structlog.get_logger().info("sync.finished")

    ours, theirs, unbound = lines(capsys)
    assert ours["job_id"] == theirs["job_id"] == 42
    assert ours["pms"] == theirs["pms"] == "gentu"
    assert "job_id" not in unbound


def test_the_level_is_a_floor_for_everyone(capsys: Capture) -> None:
    configure(json=True, level="error")
    structlog.get_logger().warning("sync.failed")
    logging.getLogger("redis").warning("slow")
    structlog.get_logger().error("sync.failed")

    assert [line["level"] for line in lines(capsys)] == ["error"]


def test_a_warning_tells_its_kind_and_place_and_not_its_words(capsys: Capture) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure(json=True, level="INFO")
        warnings.warn(CANARY, UserWarning, stacklevel=1)

    (line,) = lines(capsys)
    assert (line["event"], line["error"]) == ("library.warned", "UserWarning")
    assert line["where"].startswith("test_logging:")


def test_a_crash_is_a_line_and_not_a_traceback(capsys: Capture) -> None:
    error = ValueError(CANARY)

    sys.excepthook(ValueError, error, None)
    thread = threading.Thread(target=fail_with, args=[KeyError(CANARY)])
    thread.start()
    thread.join()

    process, other = lines(capsys)
    assert (process["event"], process["error"]) == ("process.crashed", "ValueError")
    assert (other["event"], other["error"]) == ("thread.crashed", "KeyError")
    assert "Canary" not in f"{process}{other}"


def test_stopping_by_hand_is_not_a_crash(capsys: Capture) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert lines(capsys) == []
