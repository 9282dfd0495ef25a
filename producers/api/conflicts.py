"""The conflict inbox over JSON: list, settle many at once, and take choices and runs back."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection as Db

from adapters.storage.by_hand import conflict_list, run_redoing, run_undoing, settling
from adapters.storage.by_hand.conflict_list import Wanted
from adapters.storage.by_hand.settling import Shown
from adapters.storage.by_hand.sheet_edits import settle_conflict
from domain.people import Permission
from producers.cursors import USUAL, Cursor, Limit, decode, paged
from producers.doors import Door, door
from producers.reading import BOUNDED, count_each, reading
from producers.sheet_answers import (
    ConflictAnswer,
    ConflictsAnswer,
    CountedConflicts,
    OpenedConflict,
    OpenedConflicts,
    RedoneRun,
    SettledConflicts,
    SettledEntry,
    UndoneRun,
)
from producers.versions import IfMatch, expected

router = APIRouter(tags=["conflicts"])

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]
MOST = 500


class Filter(BaseModel):
    """Which conflicts; `rule` is the field they are about."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "settled"] = "open"
    rule: str | None = None
    connection_id: UUID | None = None
    run_id: UUID | None = None
    cursor: Cursor = None
    limit: Limit = USUAL

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            state=self.state, rule=self.rule, connection_id=self.connection_id, run_id=self.run_id
        )


class OneShown(BaseModel):
    """A conflict as it was read; `version` is that of its row."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    version: int


class Settling(BaseModel):
    """Settle `conflicts`; or count with a connection_id, run_id or rule, which changes nothing.

    A count names what it counted, to be sent back as `conflicts`: nothing else is settled, and
    nothing that has changed since.
    """

    model_config = ConfigDict(extra="forbid")

    choice: Literal["mine", "theirs"]
    conflicts: list[OneShown] | None = Field(None, min_length=1, max_length=MOST)
    connection_id: UUID | None = None
    run_id: UUID | None = None
    rule: str | None = None
    count_only: bool = False

    @model_validator(mode="after")
    def _counts_or_names(self) -> Self:
        some = any((self.connection_id, self.run_id, self.rule))
        if self.count_only and (self.conflicts or not some):
            raise ValueError("to count, name a connection_id, run_id or rule")
        if not self.count_only and (some or not self.conflicts):
            raise ValueError("name 'conflicts' as they were read; 'count_only' answers them")
        return self

    @property
    def shown(self) -> list[Shown]:
        return [Shown(id=one.id, version=one.version) for one in self.conflicts or ()]


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    choice: Literal["mine", "theirs"]


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(min_length=1, max_length=MOST)
    settled_at: AwareDatetime | None = Field(None, description="Only what was settled then.")


@router.get("/api/conflicts", summary="List conflicts", responses=BOUNDED)
def read(door: Reader, wanted: Annotated[Filter, Query()]) -> ConflictsAnswer:
    """Newest first, with how many there are of each rule whatever the rule asked for."""
    with reading(door) as db:
        return matching(db, door, wanted)


def matching(db: Db, door: Door, wanted: Filter) -> ConflictsAnswer:
    rows = conflict_list.listed(
        db,
        door.seal,
        account_id=door.account_id,
        access=door.access,
        limit=wanted.limit + 1,
        wanted=wanted.wanted,
        after=decode(wanted.cursor),
    )
    page, following = paged(rows, limit=wanted.limit, mark=lambda one: one.mark)
    count_each(db, door, {one.entry_id for one in page})
    rules = conflict_list.counted(db, wanted.wanted)
    total = sum(one.count for one in rules if wanted.rule in (None, one.rule))
    told = [ConflictAnswer.model_validate(one) for one in page]
    return ConflictsAnswer(conflicts=told, next_cursor=following, rules=rules, total=total)


@router.post("/api/conflicts/settle", summary="Settle many conflicts")
def settle(door: Editor, body: Settling) -> SettledConflicts | CountedConflicts:
    """Keep mine or take theirs in all of them; what moved meanwhile is `left` and stays open.

    With `count_only`: how many there are, and the first 500 of them with their versions.
    """
    with door.transaction() as db:
        if body.count_only:
            return _counted(db, body)
        done = settling.settle_many(db, door.seal, body.shown, body.choice, hand=door.hand)
    return SettledConflicts(settled=len(done.ids), left=done.left, ids=done.ids, settled_at=done.at)


# By either address, from the inbox and from the sheet.
@router.post(
    "/api/conflicts/{conflict_id}/settle", summary="Settle one conflict", responses=BOUNDED
)
@router.post(
    "/api/run-sheet/conflicts/{conflict_id}/settle",
    tags=["run sheet"],
    summary="Settle a conflict of an appointment",
    responses=BOUNDED,
)
def settle_one(
    door: Editor,
    response: Response,
    conflict_id: UUID,
    body: Choice,
    if_match: IfMatch = None,
) -> SettledEntry:
    """Keep mine, or take theirs; `If-Match` is the version of the conflict's row."""
    version, hand = expected(if_match), door.hand
    with reading(door) as db:
        entry = settle_conflict(
            db, door.seal, conflict_id, body.choice, expected_version=version, hand=hand
        )
        count_each(db, door, [entry.id])
    return SettledEntry.tagged(response, entry, settled_at=hand.at)


@router.post("/api/conflicts/{conflict_id}/undo", summary="Open a settled conflict again")
def undo_one(door: Editor, conflict_id: UUID) -> OpenedConflict:
    """Open a settled one again, with both sides as they were before somebody chose."""
    with door.transaction() as db:
        settling.undo_one(db, door.seal, conflict_id, hand=door.hand)
    return OpenedConflict(id=conflict_id)


@router.post("/api/conflicts/undo", summary="Open settled conflicts again")
def undo(door: Editor, body: Named) -> OpenedConflicts:
    """Open settled ones again, where nobody has changed the field since."""
    with door.transaction() as db:
        done = settling.undo_settled(
            db, door.seal, body.ids, settled_at=body.settled_at, hand=door.hand
        )
    return OpenedConflicts(opened=len(done.ids), left=done.left, ids=done.ids)


@router.post("/api/pms/runs/{run_id}/undo", tags=["runs"], summary="Take back what a run did")
def undo_run(door: Editor, run_id: UUID) -> UndoneRun:
    """Take back what a run did; rows that anyone changed since are left alone and counted."""
    with door.transaction() as db:
        done = run_undoing.undo_run(db, door.seal, run_id, hand=door.hand)
    return UndoneRun(undone=done)


@router.post("/api/pms/runs/{run_id}/redo", tags=["runs"], summary="Do an undone run again")
def redo_run(door: Editor, run_id: UUID) -> RedoneRun:
    """Do an undone run again; rows that anyone changed since are left alone and counted."""
    with door.transaction() as db:
        done = run_redoing.redo_run(db, door.seal, run_id, hand=door.hand)
    return RedoneRun(redone=done)


def _counted(db: Db, body: Settling) -> CountedConflicts:
    wanted = Wanted(rule=body.rule, connection_id=body.connection_id, run_id=body.run_id)
    rules = conflict_list.counted(db, wanted)
    total = sum(one.count for one in rules if body.rule in (None, one.rule))
    shown = conflict_list.shown_now(db, wanted, limit=MOST)
    return CountedConflicts(count=len(shown), total=total, conflicts=shown)
