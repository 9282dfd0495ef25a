"""What an operator does to jobs, one or all that match: run again, call off; counted first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.job_search import MATCHES, Wanted, read
from adapters.storage.jobs.ledger import ring
from domain.counting import so_many
from domain.errors import BadInput
from domain.jobs import JobState
from domain.sheet import Settled, Stale
from domain.work import PUSH_ENTRY, SEND_TEXT, SETTLE

MOST = 500
"""At most so many at once: an operator sees what came of them before the next."""

LONGEST_REASON = 500
MOST_TOLD = 20


class Act(StrEnum):
    RETRY = "retry"
    CANCEL = "cancel"
    DISCARD = "discard"


FROM: Mapping[Act, Sequence[JobState]] = {
    Act.RETRY: (JobState.DEAD, JobState.CANCELLED),
    Act.CANCEL: (JobState.READY,),
    Act.DISCARD: (JobState.DEAD,),
}
NEEDS: Mapping[Act, str] = {
    Act.RETRY: "only dead or cancelled jobs can run again",
    Act.CANCEL: "only jobs that wait can be cancelled",
    Act.DISCARD: "only dead jobs can be discarded",
}
DONE: Mapping[Act, str] = {
    Act.RETRY: "retried",
    Act.CANCEL: "cancelled",
    Act.DISCARD: "discarded",
}
"""What the audit calls it."""

WARNS: Mapping[str, str] = {
    SETTLE: (
        "It follows a booking or a change at the PMS to its end. Called off, nobody learns whether "
        "it was done there, whoever asked gets no text, and the time it holds stays held."
    ),
    SEND_TEXT: "Whoever waits for this text does not get it.",
    PUSH_ENTRY: "The change stays on the sheet and does not reach the PMS.",
}
"""What calling a job off means, where that is more than that it is not done."""

# Of jobs that would do the same one runs again, and none where its like waits already.
_CHOSEN = f"""
    WITH matched AS (
      SELECT jobs.id, jobs.kind, jobs.finished_at, jobs.dedupe_key,
             row_number() OVER (PARTITION BY coalesce(jobs.dedupe_key, jobs.id::text)
                                ORDER BY jobs.id DESC) AS place
      FROM jobs WHERE {MATCHES} AND jobs.state = ANY(:states)
    ), chosen AS (
      SELECT id, kind, finished_at FROM matched
      WHERE NOT :is_retry OR (place = 1 AND NOT EXISTS (
        SELECT FROM jobs AS twin
        WHERE twin.dedupe_key = matched.dedupe_key AND twin.state = 'ready'))
      ORDER BY id LIMIT :most
    )
"""  # noqa: S608 - this module's own words
_COUNT = text(
    f"""
    {_CHOSEN}
    SELECT kind, count(*) AS jobs, min(finished_at) AS first, max(finished_at) AS last
    FROM chosen GROUP BY kind ORDER BY kind
    """  # noqa: S608 - this module's own words
)
_RETRY = text(
    f"""
    {_CHOSEN}
    UPDATE jobs SET state = 'ready', due_at = now(), announced_at = NULL, finished_at = NULL,
                    attempts = 0, crashes = 0, failures = 0, waiting_for = NULL,
                    result = result - 'discarded', fence = fence + 1
    FROM chosen WHERE jobs.id = chosen.id AND jobs.state = ANY(:states) RETURNING jobs.id
    """  # noqa: S608 - this module's own words
)
_END = text(
    f"""
    {_CHOSEN}
    UPDATE jobs SET state = 'cancelled', finished_at = now(), fence = fence + 1,
                    result = result || CAST(:result AS jsonb)
    FROM chosen WHERE jobs.id = chosen.id AND jobs.state = ANY(:states) RETURNING jobs.id
    """  # noqa: S608 - this module's own words
)
_OWNERS = text("SELECT DISTINCT account_id FROM jobs WHERE state = 'dead' ORDER BY account_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many jobs an act would change, and of which kinds; `warnings` are what that means."""

    jobs: int
    kinds: Mapping[str, int]
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAKind:
    """How many jobs of one kind an act would change; the first and the last of them ended then."""

    kind: str
    jobs: int
    first: datetime | None
    last: datetime | None


def by_kind(db: Db, act: Act, wanted: Wanted) -> Sequence[OfAKind]:
    """What `do_all` would change now; one more than a million is a million."""
    rows = db.execute(_COUNT, _values(act, wanted, most=1_000_000)).mappings()
    return [OfAKind(**row) for row in rows]


def owners(db: Db) -> Sequence[str | None]:
    """Accounts with jobs that died; None for the product's own chores. For the dispatch role."""
    return db.execute(_OWNERS).scalars().all()


def count(db: Db, act: Act, wanted: Wanted) -> Counted:
    """The same by numbers alone, with what it means."""
    kinds = {one.kind: one.jobs for one in by_kind(db, act, wanted)}
    warnings = () if act is Act.RETRY else [WARNS[kind] for kind in kinds if kind in WARNS]
    return Counted(jobs=sum(kinds.values()), kinds=kinds, warnings=warnings)


def do_all(db: Db, act: Act, wanted: Wanted, *, confirmed: int, reason: str = "") -> Sequence[int]:
    """Change every match, up to MOST; `confirmed` is the number a person agreed to."""
    found = count(db, act, wanted).jobs
    if found > confirmed:
        matching = so_many(found, "job matches", "jobs match")
        raise Settled(f"Now {matching}, no longer {confirmed}; look at them again.")
    return _done(db, act, wanted, most=min(confirmed, MOST), reason=reason)


def summary(ids: Sequence[int], wanted: Wanted) -> str:
    """What the audit keeps of what was done to many."""
    told = " ".join(map(str, ids[:MOST_TOLD]))
    return f"{so_many(len(ids), 'job')} matching {wanted}: {told}"


def do_one(db: Db, act: Act, job_id: int, *, version: int | None, reason: str = "") -> None:
    """Change the job as it was seen; `version` None is whatever it is by now."""
    held = read(db, job_id)
    if version is not None and version != held.version:
        raise Stale(f"The job is {held.state} by now; look at it again.")
    if held.state not in FROM[act]:
        raise Settled(f"Job {job_id} is {held.state}; {NEEDS[act]}.")
    if not _done(db, act, Wanted(id=job_id), most=1, reason=reason):
        raise Settled(f"Job {job_id} need not run again: another waits to do the same.")


def _done(db: Db, act: Act, wanted: Wanted, *, most: int, reason: str) -> Sequence[int]:
    values = _values(act, wanted, most=most)
    if act is Act.RETRY:
        ids = db.execute(_RETRY, values).scalars().all()
        ring(db)
        return ids
    if not reason.strip():
        raise BadInput("Say why; the reason is kept with the job.")
    result = json.dumps({"discarded": reason.strip()[:LONGEST_REASON]})
    return db.execute(_END, {**values, "result": result}).scalars().all()


def _values(act: Act, wanted: Wanted, *, most: int) -> Mapping[str, object]:
    return {
        **wanted.values,
        "states": [state.value for state in FROM[act]],
        "is_retry": act is Act.RETRY,
        "most": most,
    }
