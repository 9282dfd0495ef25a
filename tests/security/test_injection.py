"""One event is one line of the log, and no cell of a file is a formula, whatever is put in."""

import csv
import io
import json
import logging as stdlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from domain.errors import BadRecord
from infra import logging
from producers.as_csv import csv_answer
from tests.leaving import all_gone
from tests.producers.conftest import Site, engine, make_site, site
from tests.security.injecting import BLANKS, OTHERS, SIGNS, VALUES

__all__ = ["engine", "make_site", "site"]

MOST_OF_A_NAME = 5000
SAMPLE = VALUES if "SOAK" in os.environ else (*OTHERS, *VALUES[len(OTHERS) :: 8])


@contextmanager
def written(*, as_json: bool) -> Iterator[Callable[[], list[str]]]:
    """The lines that were logged, as they would stand in a file."""
    all_gone()
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "utf-8", errors="backslashreplace", newline="")
    with redirect_stderr(stream):
        logging.configure(json=as_json, level="DEBUG")
        try:
            yield lambda: raw.getvalue().decode().splitlines()
        finally:
            logging.configure(json=True, level="ERROR")


def _failed(value: str) -> None:
    structlog.get_logger().warning("sync.failed", exc_info=BadRecord(value, path="start"))


def _told_by_a_library(value: str) -> None:
    stdlib.getLogger("redis").error(value)
    stdlib.getLogger("somelibrary").error("%s", value)


def _bound(value: str) -> None:
    with bound_contextvars(trace_id=value):
        structlog.get_logger().info("sync.finished", reason=value, **{"x" + value: value})


@pytest.mark.parametrize("as_json", [True, False], ids=["as JSON", "for the console"])
@pytest.mark.parametrize(
    ("say", "events"),
    [
        (lambda value: structlog.get_logger().info(value), 1),
        (_bound, 1),
        (_failed, 1),
        (_told_by_a_library, 2),
    ],
    ids=["an event", "a value", "an error", "a library"],
)
def test_one_event_is_one_line(say: Callable[[str], None], events: int, *, as_json: bool) -> None:
    with written(as_json=as_json) as read:
        for value in VALUES:
            say(value)
        sys.stderr.flush()
        lines = read()

    assert len(VALUES) >= 500
    assert len(lines) == len(VALUES) * events
    assert not [line for line in lines if "\x1b" in line or "\0" in line]
    if as_json:
        assert all(json.loads(line)["level"] for line in lines)


def cells(body: bytes) -> list[str]:
    read = csv.reader(io.StringIO(body.decode().removeprefix("\ufeff"), newline=""))
    return [cell for row in read for cell in row]


def begins_a_formula(cell: str) -> bool:
    return cell.lstrip("".join(BLANKS)).startswith(SIGNS)


def test_no_cell_begins_a_formula() -> None:
    values = [one for one in VALUES if not re.search("[\ud800-\udfff]", one)]

    found = cells(bytes(csv_answer("x.csv", ["a"], [[one] for one in values]).body))

    assert len(found) >= 500
    assert [one for one in found if begins_a_formula(one)] == []


def _called(site: Site, name: str) -> dict[str, str]:
    """As much of it as a header takes; a longer one is cut off with its line."""
    return site.bearer(claims={"sub": name[:MOST_OF_A_NAME]})


@pytest.mark.integration
def test_a_name_that_would_be_a_formula_is_none_in_the_audit(site: Site) -> None:
    """From a request to the file, with whoever asks named so."""
    asked = [
        site.client.get("/api/run-sheet", headers=_called(site, value)).status_code
        for value in SAMPLE
        if value
    ]
    for value in SAMPLE:
        if value.isascii() and value.isprintable() and value == value.strip()[:MOST_OF_A_NAME]:
            agent = {**site.bearer(), "User-Agent": value}
            assert site.client.get("/api/run-sheet", headers=agent).status_code == 200

    answer = site.client.get("/api/audit/export", headers=site.bearer())

    assert answer.status_code == 200
    assert set(asked) <= {200, 401, 422}
    assert asked.count(200) > len(asked) / 2
    found = cells(answer.content)
    assert len(found) > 10 * len(SAMPLE)
    assert [one for one in found if begins_a_formula(one)] == []
