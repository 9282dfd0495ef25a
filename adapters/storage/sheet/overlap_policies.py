"""What an account has done about overlapping visits, and where a column of its sheet differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hands import Hand
from adapters.storage.sheet.sheet_events import tell
from domain.names import clinician
from domain.overlaps import Policy
from domain.sheet import NotOnSheet
from infra.database import as_dispatch

_ACCOUNT = text("SELECT overlap_policy FROM accounts WHERE id = :id")
_CLINICIANS = text(
    """
    SELECT id, name, overlap_policy FROM run_sheet_clinicians
    WHERE account_id = :id ORDER BY position, name, id
    """
)
_CHANGE = text("UPDATE accounts SET overlap_policy = :policy WHERE id = :id")
_CHANGE_COLUMNS = text(
    """
    UPDATE run_sheet_clinicians AS clinician SET overlap_policy = one.policy
    FROM unnest(CAST(:ids AS uuid[]), CAST(:policies AS text[])) AS one(id, policy)
    WHERE clinician.id = one.id AND clinician.account_id = :id RETURNING clinician.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPolicy:
    """A column of the sheet; without a policy of its own it is as the account has it."""

    id: UUID
    name: str
    policy: Policy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapPolicies:
    """The account's policy, and every column in the order of the sheet."""

    policy: Policy
    clinicians: Sequence[ColumnPolicy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to be from now on; of a column None means as the account has it."""

    policy: Policy | None = None
    clinicians: Mapping[UUID, Policy | None] = field(default_factory=dict)


def read(db: Db, account_id: str) -> OverlapPolicies:
    columns = db.execute(_CLINICIANS, {"id": account_id})
    return OverlapPolicies(
        policy=Policy(db.execute(_ACCOUNT, {"id": account_id}).scalar_one()),
        clinicians=[
            ColumnPolicy(
                id=row.id,
                name=clinician(row.name),
                policy=Policy(row.overlap_policy) if row.overlap_policy else None,
            )
            for row in columns
        ],
    )


def change(db: Db, chosen: Chosen, *, hand: Hand) -> None:
    """From the next edit on; what stands on the sheet stays, and is marked or not by it."""
    account_id = hand.account_id
    columns = chosen.clinicians
    if columns:
        values = {"id": account_id, "ids": list(columns), "policies": list(columns.values())}
        if len(db.execute(_CHANGE_COLUMNS, values).all()) < len(columns):
            raise NotOnSheet("There is no such clinician on the sheet.")
    record(
        db,
        hand.access,
        account_id=account_id,
        action="account.overlaps",
        summary=_summary(chosen),
    )
    # Without days: it holds for every one of them.
    tell(db, account_id=account_id, kind="sheet_changed", connection_id=None, detail={})
    if chosen.policy is not None:
        # Accounts are written by dispatch; nothing is set that was not audited.
        with as_dispatch(db):
            db.execute(_CHANGE, {"id": account_id, "policy": chosen.policy})


def _summary(chosen: Chosen) -> str:
    told = [] if chosen.policy is None else [str(chosen.policy)]
    told += [f"clinician {key} {one or 'as usual'}" for key, one in chosen.clinicians.items()]
    return ", ".join(told)
