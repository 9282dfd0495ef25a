"""Jobs over JSON: looked for, followed, run again, called off; one, or all that match."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.audit.audit import record
from adapters.storage.jobs import job_acts, job_search, trails
from adapters.storage.jobs.job_acts import DONE, Act
from adapters.storage.jobs.job_search import Wanted
from domain.jobs import JobState, Queue
from domain.people import Permission
from producers import cursors, versions
from producers.doors import Door, door
from producers.job_answers import CountAnswer, DoneAnswer, JobsAnswer, OneJob, TrailAnswer
from producers.words import Line

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

Operator = Annotated[Door, Depends(door(Permission.OPERATE))]
LARGEST = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The job's number.")]
WORD = r"^[A-Za-z0-9_.:-]+$"
"""What is looked for is written into the audit: a word of ours, never somebody's name."""


class Looked(BaseModel):
    """What is looked for; everything left out matches every job."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[int | None, Field(ge=1, le=LARGEST)] = None
    trace_id: Annotated[str | None, Field(max_length=64, pattern=WORD)] = None
    kind: Annotated[str | None, Field(max_length=60, pattern=WORD)] = None
    queue: Queue | None = None
    state: JobState | None = None
    connection_id: UUID | None = None
    no_connection: bool = False
    error_kind: Annotated[str | None, Field(max_length=60, pattern=WORD)] = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(**dict(self))


class Matches(Looked):
    """Which jobs; what is not known is refused, lest a slip of the pen match every job."""

    model_config = ConfigDict(extra="forbid")


class Many(BaseModel):
    """Which jobs, and how many a person agreed to: when more match by now, nothing is done."""

    model_config = ConfigDict(extra="forbid")

    matching: Matches
    count: int = Field(ge=1, le=1_000_000)
    reason: Line = Field("", max_length=job_acts.LONGEST_REASON)


class Why(BaseModel):
    """Kept with the job; needed to cancel or discard."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = Field("", max_length=job_acts.LONGEST_REASON)


@router.get("", summary="Look for jobs")
def list_(
    door: Operator,
    looked: Annotated[Looked, Depends()],
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = cursors.USUAL,
) -> JobsAnswer:
    """Newest first; of their arguments only those that can be no patient's are told."""
    with door.transaction() as db:
        rows = job_search.find(db, looked.wanted, before=cursors.decode(cursor), limit=limit + 1)
    page, following = cursors.paged(rows, limit=limit, mark=job_search.mark)
    return JobsAnswer(jobs=page, next_cursor=following)


@router.get("/count/{act}", summary="Count what an act would change")
def count(act: Act, door: Operator, looked: Annotated[Looked, Depends()]) -> CountAnswer:
    """To be shown before it is done to many: jobs whose state does not allow it are not counted."""
    with door.transaction() as db:
        found = job_acts.count(db, act, looked.wanted)
    return CountAnswer(count=found, most=job_acts.MOST)


@router.get("/{job_id}", summary="Read one job")
def show(job_id: Number, door: Operator, response: Response) -> OneJob:
    """How it stands, and why it waits or died."""
    with door.transaction() as db:
        found = job_search.read(db, job_id)
    versions.tag(response, found.version)
    return OneJob(job=found)


@router.get("/{job_id}/trail", summary="Follow a job's trail")
def trail(job_id: Number, door: Operator) -> TrailAnswer:
    """From what set it off to the rows that changed, by the trace id they share."""
    with door.transaction() as db:
        found = trails.follow(db, job_search.read(db, job_id).trace_id)
    return TrailAnswer(trail=found)


@router.post("/{job_id}/{act}", summary="Retry, cancel or discard a job")
def change(
    job_id: Number,
    act: Act,
    door: Operator,
    response: Response,
    if_match: versions.IfMatch = None,
    why: Why | None = None,
) -> OneJob:
    """A dead job runs once more from its checkpoint; one that waits is cancelled, with a reason."""
    version = versions.expected(if_match)
    with door.transaction() as db:
        job_acts.do_one(db, act, job_id, version=version, reason=why.reason if why else "")
        found = job_search.read(db, job_id)
        record(
            db,
            door.access,
            account_id=door.account_id,
            action=f"job.{DONE[act]}",
            connection_id=found.connection_id,
            summary=f"job {job_id} ({found.kind})",
        )
    versions.tag(response, found.version)
    return OneJob(job=found)


@router.post("/{act}", summary="Retry, cancel or discard all that match")
def change_all(act: Act, many: Many, door: Operator) -> DoneAnswer:
    """All or none; 409 when more match by now than somebody agreed to. Some hundreds at once."""
    wanted = many.matching.wanted
    with door.transaction() as db:
        ids = job_acts.do_all(db, act, wanted, confirmed=many.count, reason=many.reason)
        left = job_acts.count(db, act, wanted).jobs
        record(
            db,
            door.access,
            account_id=door.account_id,
            action=f"jobs.{DONE[act]}",
            connection_id=wanted.connection_id,
            summary=job_acts.summary(ids, wanted),
        )
    return DoneAnswer(jobs=ids, left=left)
