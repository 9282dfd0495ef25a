"""Schemathesis over the whole document, as everybody there is: no crash, no broken promise."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.storage.practices import connections
from adapters.vapi.verifying import short_plans
from domain.connections import State
from domain.people import Role
from producers.callers import Voice
from tests.producers.conftest import Site, engine, make_site
from tests.producers.seeding import seed
from tests.tenants.asking import TABLES
from tests.tenants.rows import one_of_each

__all__ = ["engine", "make_site"]

pytestmark = pytest.mark.integration

IS_LONG = "SOAK" in os.environ
EVERYBODY: Iterable[Role | None] = (*Role, None)
SHARING = tuple(role for role in Role if role is not Role.OWNER)
"""In short, each of these asks for a part of the addresses, and all of them for the whole."""

PHASES, EXAMPLES = ("coverage,fuzzing,stateful", 20) if IS_LONG else ("fuzzing", 1)
SEED = 20261121
STREAM = "/api/run-sheet/events"
"""Never ends, so nobody waits for its end; tests/producers/test_following.py reads it."""

LEFT_OUT = (
    "negative_data_rejection",  # some nonsense is taken and kept on purpose, as by webhooks
    "positive_data_acceptance",  # what rows there are decides as much as the words do
    "missing_required_header",  # it wants 406; ours are 400 and 428, each with its sentence
    "use_after_free",  # what is removed stays to be read
    "ensure_resource_availability",  # a row put in may stand for the practice's own at once
)
MEANT = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501, 503]
"""
"""What a practice's system cannot do and what is away is said by these, in a sentence."""

NOT_ASKED = """
[[operations]]
include-path = "{path}"
enabled = false
"""
SHARED = """
[[operations]]
include-path = "{path}"
checks.unsupported_method.enabled = false
checks.allow_header_conformance.enabled = false
"""
"""Of an address whose words may also be another's parameter, which takes other methods."""


@pytest.fixture
def office(make_site: Callable[..., Site], redis_url: str) -> Site:
    """Practices on their sheet, and a desk that nobody keeps."""
    voice = Voice(
        plans=short_plans("not-a-secret-of-anybody", allow_bare=False),
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url),
        fallback_seconds=0.05,
        answer_seconds=0.1,
    )
    made = make_site(voice=voice, check_seconds=0.1)
    with made.everything() as db:
        made.ids = seed(db, made.seal())
    return made


def practice_with_a_desk(office: Site) -> None:
    new = connections.NewConnection(
        account_id="default",
        vendor="sikka",
        site="D1",
        timezone="America/New_York",
        name="Example Dental",
        base_url=None,
        token_url=None,
        secret_ref=None,
        settings={},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with office.everything() as db:
        connections.add(db, new)


def configuration(office: Site, who: Role | None) -> str:
    """Rows that are there, so that a request gets further than to their absence."""
    with office.everything() as db:
        rows = one_of_each(db, "default")
    known = {name: rows[table] for name, table in TABLES.items() if rows.get(table)}
    lines = [f'"path.{name}" = "{row}"' for name, row in known.items()]
    assert len(lines) > 2
    paths = office.client.get("/openapi.json", timeout=120).json()["paths"]
    shared = [SHARED.format(path=path) for path in shared_paths(paths)]
    others = [NOT_ASKED.format(path=path) for path in not_asked(paths, who)]
    return MEANT + "[parameters]\n" + "\n".join(lines) + "".join([*shared, *others])


def not_asked(paths: Iterable[str], who: Role | None) -> set[str]:
    """What the others of those who share ask for."""
    if IS_LONG or who not in SHARING:
        return set()
    return set(paths) - set(sorted(paths)[SHARING.index(who) :: len(SHARING)])


def shared_paths(paths: Mapping[str, Mapping[str, object]]) -> set[str]:
    """`/api/jobs/count` may be meant by `/api/jobs/{act}`, and that takes a POST."""
    return {
        one
        for one, other in permutations(paths, 2)
        if _may_meet(one.split("/"), other.split("/")) and paths[other].keys() - paths[one].keys()
    }


def _may_meet(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(
        mine == theirs or "{" in mine + theirs for mine, theirs in zip(one, other, strict=True)
    )


def schemathesis(office: Site, who: Role | None, folder: Path) -> tuple[dict[str, Any], str]:
    """What it found, as a document and in its words."""
    (folder / "schemathesis.toml").write_text(configuration(office, who))
    report = folder / "report.json"
    headers = office.bearer(who) if who else {}
    address = str(office.client.base_url).rstrip("/")
    told = [
        *("--config-file", str(folder / "schemathesis.toml"), "--no-color", "run"),
        *(f"{address}/openapi.json", "--exclude-path", STREAM),
        *("--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", str(SEED)),
        *("--exclude-checks", ",".join(LEFT_OUT), "--suppress-health-check", "all"),
        *("--generation-with-security-parameters", "false"),  # else a wrong signature beside ours
        *("--continue-on-failure", "--no-shrink", "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(report)),
        *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
    ]
    done = subprocess.run(  # noqa: S603 - a tool of the lock, told by this test
        [sys.executable, "-m", "schemathesis.cli", *told],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert report.exists(), done.stderr
    return json.loads(report.read_text()), done.stdout


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: str(who or "nobody"))
def test_nothing_asked_breaks_the_ingress_or_what_it_promises(
    office: Site, who: Role | None, tmp_path: Path
) -> None:
    if IS_LONG:
        practice_with_a_desk(office)

    found, words = schemathesis(office, who, tmp_path)

    print(json.dumps({str(who): found["test_cases"]}))  # noqa: T201 - for the record
    assert found["failures"] == [], words[-20_000:]
    assert found["errors"] == [], words[-20_000:]
    assert found["complete"]
    assert found["test_cases"]["generated"] > 20
