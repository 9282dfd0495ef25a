"""One run: connect, sync once, trouble everything for a while, let it come to rest, and judge."""

import random
import shutil
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from sqlalchemy import create_engine

from infra.database import DatabaseAway
from infra.sealing import Keyring, Sealer
from tests.chaos.checker import Verdict, check
from tests.chaos.controller import Controller
from tests.chaos.history import History, Line
from tests.chaos.load import Amount, Load
from tests.chaos.plan import LONG, SHORT, planned
from tests.chaos.vendors import Sort, sorts
from tests.chaos.world import VOICE, World, world
from tests.e2e.stack import TooLateError
from tests.security.left_behind import redis_as_text
from tests.sync.practice import KEY

SECONDS_A_FAULT, IN_THE_LONG_RUN = 1.5, 1.2
TO_REST = 300.0
OPEN = """
    SELECT kind, state, id::text, account_id, attempts, waiting_for, error_text,
           extract(epoch FROM due_at - now()) AS seconds, checkpoint
    FROM jobs WHERE state IN ('ready', 'running')
      AND kind IN ('sync', 'answer_tool_call', 'settle_write', 'refetch')
    UNION ALL
    SELECT kind, state, id::text, account_id, polls, told, reason,
           extract(epoch FROM submitted_at - now()), NULL
    FROM pms_writes WHERE state NOT IN ('confirmed', 'failed', 'withdrawn')
"""
PASSES = 4


@dataclass(frozen=True, slots=True)
class Size:
    sorts: list[Sort]
    amount: Amount


def size(faults: int) -> Size:
    """The table's load for a thousand faults, the short run's for up to 62, and between."""
    seconds = max(20.0, faults * (SECONDS_A_FAULT if faults <= SHORT else IN_THE_LONG_RUN))
    if faults <= SHORT:
        return Size(
            sorts(practices=(2, 2, 2, 2), rows=(60, 120, 20, 60)),
            Amount(seconds=seconds, rounds=6, edits=24, readings=8, changes=40, calls=124),
        )
    share = faults / LONG
    many = [max(2, round(one * share)) for one in (6, 16, 8, 10)]
    return Size(
        sorts(practices=many, rows=(500, 700, 60, 600)),
        Amount(
            seconds=seconds,
            rounds=5,
            edits=round(300 * share),
            readings=round(100 * share),
            changes=round(600 * share),
            calls=round(2000 * share),
        ),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    faults: int
    verdict: Verdict
    history: list[Line]
    problems: list[str]


def carry_out(faults: int, *, seed: int, keep: Path | None = None) -> Outcome:
    chosen = size(faults)
    with tempfile.TemporaryDirectory(prefix="pms-chaos-") as folder:
        history = History((keep or Path(folder)) / f"history-{seed}.jsonl")
        with closing(history), world(chosen.sorts, seed=seed % 1000, history=history) as made:
            say(f"seed {seed}: {len(made.practices)} practices, first syncs")
            settle(made, "first")
            load = Load(made, chosen.amount, seed)
            controller = Controller(made, planned(faults, seed=seed), chosen.amount.seconds, seed)
            load.start()
            say(f"{faults} faults in {chosen.amount.seconds:.0f} s")
            controller.run()
            load.join()
            controller.heal()
            say("to rest")
            settle(made, "last")
            scan(made, load)
            note_the_end(made)
            engine = create_engine(made.servers.database_url)
            verdict = check(engine, Sealer(Keyring.from_hex(KEY)), history.lines())
            engine.dispose()
            if keep:
                for path in made.home.glob("*.log"):
                    shutil.copy(path, keep / f"{seed}-{path.name}")
        lines = history.lines()
    return Outcome(seed, faults, verdict, lines, load.problems)


def say(what: str) -> None:
    sys.stdout.write(f"chaos: {time.strftime('%H:%M:%S')} {what}\n")
    sys.stdout.flush()


def come_to_rest(made: World) -> None:
    try:
        made.wait_for(lambda: is_quiet(made), seconds=TO_REST)
    except TooLateError as late:
        late.add_note("\n".join(["still open:", *map(str, made.asked(OPEN))]))
        raise


def settle(made: World, name: str) -> None:
    """Until nothing is under way, and then whole passes until each practice has had one.

    A person agrees where a pass asks one, and signs in where a PMS refused.
    """
    began = time.monotonic()
    come_to_rest(made)
    made.history.note("rest", name=name, seconds=round(time.monotonic() - began, 1))
    due = list(made.practices)
    for _ in range(PASSES):
        made.sign_in_again()
        jobs = {made.put_sync(one, allow_removals=True): one for one in due}
        made.wait_for(partial(ended, made, list(jobs)), seconds=3 * TO_REST)
        rows = made.asked(
            "SELECT job_id, status, error_message FROM pms_sync_log WHERE job_id = ANY(:ids)",
            ids=list(jobs),
        )
        whole = {row.job_id for row in rows if row.status == "success"}
        for row in rows:
            if row.job_id not in whole:
                made.history.note("unfinished", job=row.job_id, status=row.status)
        due = [one for job, one in jobs.items() if job not in whole]
        if not due:
            break
    come_to_rest(made)
    made.history.note("settled", name=name, without=[str(one.id) for one in due])


def is_quiet(made: World) -> bool:
    """No sync, write or tool call under way or due."""
    try:
        return not made.asked(OPEN)
    except DatabaseAway:
        return False


def ended(made: World, jobs: list[int]) -> bool:
    try:
        (row,) = made.asked(
            "SELECT count(*) AS open FROM jobs WHERE id = ANY(:ids)"
            " AND state IN ('ready', 'running')",
            ids=jobs,
        )
    except DatabaseAway:
        return False
    return int(row.open) == 0


def note_the_end(made: World) -> None:
    """The vendors' truth, what they were asked, and their judgement of how often."""
    for one in made.practices:
        told = one.vendor.truth(one.tenant)
        made.history.note(
            "truth",
            connection=str(one.id),
            takes_calls=one.account == VOICE,
            vendor=one.vendor.name,
            timezone=told["timezone"],
            days=list(made.days),
            appointments=told["appointments"],
            double_bookings=told.get("double_bookings", 0),
        )
    for vendor in made.vendors:
        judged = vendor.ask("violations")
        made.history.note("judged", vendor=vendor.name, **judged)
        for request in vendor.requests():
            made.history.note("request", vendor=vendor.name, **request)


def scan(made: World, load: Load) -> None:
    """Where anything that was typed, or a vendor's secret, lies open."""
    secrets = [made.environment[name] for name in ("SIKKA_APP_KEY", "JWT_SECRET", "ENCRYPTION_KEY")]
    told = [one.vendor.ask("credentials", tenant=one.tenant) for one in made.practices]
    names = ("client_secret", "token", "secret_key", "refresh_key")
    secrets += [str(each[name]) for each in told for name in names if name in each]
    truth = made.practices[0].vendor.truth(made.practices[0].tenant)["appointments"]
    emails = [one["email"] for row in truth for one in row["patients"] if one["email"]]
    wanted = [one.encode() for one in {*load.canaries, *secrets, *emails}]
    places = {path.name: path.read_bytes() for path in made.home.glob("*.log")}
    with redis.Redis.from_url(made.servers.redis_url) as client:
        places["redis"] = redis_as_text(client).encode()
    jobs = made.asked("SELECT args::text, checkpoint::text, result::text, error_text FROM jobs")
    places["jobs"] = "\n".join(str(tuple(row)) for row in jobs).encode()
    runs = made.asked("SELECT error_message FROM pms_sync_log")
    places["runs"] = "\n".join(str(row.error_message) for row in runs).encode()
    for place, held in places.items():
        hits = sum(one in held for one in wanted)
        made.history.note("scanned", place=place, wanted=len(wanted), size=len(held), hits=hits)


def new_seed() -> int:
    return random.SystemRandom().randrange(10**8)
