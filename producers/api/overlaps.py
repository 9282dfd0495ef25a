"""What the account has done about overlapping appointments, over JSON."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.sheet import overlap_policies
from adapters.storage.sheet.overlap_policies import Chosen, ColumnPolicy
from domain.overlaps import Policy
from domain.people import Permission
from producers.answers import Success
from producers.doors import Door, door
from producers.problems import Problem

router = APIRouter(prefix="/api/run-sheet/overlap-policy", tags=["run sheet"])

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Configuring = Annotated[Door, Depends(door(Permission.CONFIGURE))]
MOST = 200


class Choosing(BaseModel):
    """What is not named stays as it is; of a clinician null means as the account has it."""

    model_config = ConfigDict(extra="forbid")

    policy: Policy | None = Field(
        None,
        description="block refuses what people set by hand, warn marks it, allow says nothing.",
    )
    clinicians: Annotated[dict[UUID, Policy | None], Field(max_length=MOST)] = {}


class Policies(Success):
    """The account's policy, and every column in the order of the sheet."""

    policy: Policy
    clinicians: Sequence[ColumnPolicy]


@router.get("", summary="Read what is done about overlapping appointments")
def read(door: Reader) -> Policies:
    """The account's policy, and of each clinician their own, or null."""
    return _answer(door)


@router.patch("", summary="Set what is done about overlapping appointments")
def change(door: Configuring, body: Choosing) -> Policies:
    """It holds from the next edit on; what a PMS or a scan brings is marked, and never refused."""
    if body.policy is None and not body.clinicians:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "Give a policy, or clinicians with one of their own."
        )
    chosen = Chosen(policy=body.policy, clinicians=body.clinicians)
    with door.transaction() as db:
        overlap_policies.change(db, chosen, hand=door.hand)
    return _answer(door)


def _answer(door: Door) -> Policies:
    with door.transaction() as db:
        held = overlap_policies.read(db, door.account_id)
    return Policies(policy=held.policy, clinicians=held.clinicians)
