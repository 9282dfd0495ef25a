"""A few sealed names of each account's sheet, to see whether the key at hand opens them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, text

from adapters.storage.people import accounts
from adapters.storage.sheet.entries import TABLE
from domain.errors import BadInput
from infra.database import dispatch, transaction
from infra.sealing import Sealer

COLUMN = "patient_name"
OTHER_KEY = (
    "The rows of this database were sealed with another key than this. Put the right"
    " ENCRYPTION_KEY back, or name it in ENCRYPTION_KEYS_OLD."
)

# The oldest and the newest: where a key was lost, later rows were sealed under another. In the
# order in which they were changed, which an index has.
_SEALED = text(
    f"""
    (SELECT id, {COLUMN} AS sealed FROM {TABLE} WHERE {COLUMN} IS NOT NULL
     ORDER BY changed_in, id LIMIT 1)
    UNION ALL
    (SELECT id, {COLUMN} FROM {TABLE} WHERE {COLUMN} IS NOT NULL
     ORDER BY changed_in DESC, id DESC LIMIT 1)
    """  # noqa: S608 - names of our own
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Sealed bytes, and the place that they open at."""

    sealed: bytes
    place: Mapping[str, str]


def samples(engine: Engine) -> Iterator[Sample]:
    """One or two rows of each account that has any."""
    with dispatch(engine) as db:
        owners = [one.id for one in accounts.listed(db)]
    for account_id in owners:
        with transaction(engine, account_id=account_id) as db:
            rows = db.execute(_SEALED).all()
        for row in rows:
            place = {"table": TABLE, "column": COLUMN, "row": str(row.id), "account": account_id}
            yield Sample(row.sealed, place)


def require_its_key(engine: Engine, sealer: Sealer) -> None:
    """Refuse to begin where there are rows and all of them are another key's.

    Some that are do not keep anybody from the others: the doctor tells of them.
    """
    others = (sealer.is_of_another(one.sealed) for one in samples(engine))
    if next(others, False) and all(others):
        raise BadInput(OTHER_KEY)
