"""Switches of the account over JSON: what is rolled out to some first, and can be taken back."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.audit.audit import record
from adapters.storage.people import accounts
from domain.features import every, require
from domain.people import Permission
from infra.database import as_dispatch
from producers.answers import Success
from producers.doors import Door, door
from producers.words import Line

router = APIRouter(prefix="/api/features", tags=["account"])

Configuring = Annotated[Door, Depends(door(Permission.CONFIGURE))]


class Switching(BaseModel):
    """Each by its name; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")

    features: Annotated[dict[Line, bool], Field(min_length=1, max_length=50)]


class Standing(Success):
    """Every switch there is, and whether it is on."""

    features: Mapping[str, bool]


@router.get("", summary="List the account's features")
def list_(door: Configuring) -> Standing:
    """Every switch there is, and whether it is on."""
    return _standing(door)


@router.patch("", summary="Switch features of the account on or off")
def change(door: Configuring, body: Switching) -> Standing:
    """They hold from the next call or job on."""
    require(list(body.features))
    told = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in body.features.items())
    with door.transaction() as db:
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="account.features",
            summary=told,
        )
        # Accounts are written by dispatch; nothing is switched that was not audited.
        with as_dispatch(db):
            accounts.switch(db, door.account_id, body.features)
    return _standing(door)


def _standing(door: Door) -> Standing:
    with door.transaction() as db:
        return Standing(features=every(accounts.switches(db, door.account_id)))
