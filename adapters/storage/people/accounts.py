"""Accounts: who owns connections, and which called numbers lead to them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.errors import BadInput
from domain.features import Switches
from domain.features import require as require_features
from domain.window import zone

ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")

_LIST = text(
    """
    SELECT accounts.id, accounts.name, accounts.timezone, vapi_number_ids, phones, transfer_to,
           count(own.id) AS connections
    FROM accounts
    LEFT JOIN pms_connections AS own ON own.account_id = accounts.id AND own.removed_at IS NULL
    GROUP BY accounts.id ORDER BY accounts.id
    """
)
_FEATURES = text("SELECT features FROM accounts WHERE id = :id")
_SWITCH = text("UPDATE accounts SET features = features || CAST(:features AS jsonb) WHERE id = :id")
_KNOWN = text("SELECT true FROM accounts WHERE id = :id")
_TAKEN = text(
    """
    SELECT id FROM accounts
    WHERE id <> :id AND (phones && CAST(:phones AS text[])
                         OR vapi_number_ids && CAST(:vapi_number_ids AS text[]))
    LIMIT 1
    """
)
_ADD = text(
    """
    INSERT INTO accounts (id, name, timezone, vapi_number_ids, phones, transfer_to)
    VALUES (:id, :name, :timezone, :vapi_number_ids, :phones, :transfer_to)
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_CHANGE = text(
    """
    UPDATE accounts SET name = COALESCE(:name, name), timezone = COALESCE(:timezone, timezone),
      phones = COALESCE(:phones, phones), transfer_to = COALESCE(:transfer_to, transfer_to),
      vapi_number_ids = COALESCE(:vapi_number_ids, vapi_number_ids)
    WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An owner of connections; calls find it by the number that was called."""

    id: str
    name: str
    timezone: str | None = None
    vapi_number_ids: Sequence[str] = ()
    phones: Sequence[str] = ()
    transfer_to: Sequence[str] = ()
    connections: int = 0


def listed(db: Db) -> list[Account]:
    """Every account, for the dispatch role."""
    return [Account(**row) for row in db.execute(_LIST).mappings()]


def is_known(db: Db, account_id: str) -> bool:
    return db.execute(_KNOWN, {"id": account_id}).first() is not None


def require(db: Db, account_id: str) -> None:
    if not is_known(db, account_id):
        raise BadInput(f"There is no account '{account_id}'; see 'pms-sync accounts list'.")


def add(db: Db, account: Account) -> str:
    """Store a new account; a called number leads to one account only."""
    _check(account)
    numbers = {
        "phones": list(account.phones),
        "vapi_number_ids": list(account.vapi_number_ids),
    }
    _refuse_taken(db, account.id, numbers)
    values = {
        "id": account.id,
        "name": account.name,
        "timezone": account.timezone,
        "transfer_to": list(account.transfer_to),
        **numbers,
    }
    if db.execute(_ADD, values).first() is None:
        raise BadInput(f"There is an account '{account.id}' already; choose another --id.")
    return account.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Numbers that take the place of an account's; an empty list takes them away."""

    phones: Sequence[str] | None = None
    vapi_number_ids: Sequence[str] | None = None
    transfer_to: Sequence[str] | None = None

    def as_values(self) -> dict[str, list[str] | None]:
        return {name: None if one is None else list(one) for name, one in asdict(self).items()}


UNCHANGED = Numbers()


def change(
    db: Db,
    account_id: str,
    *,
    name: str | None = None,
    timezone: str | None = None,
    numbers: Numbers = UNCHANGED,
) -> None:
    """What is given takes the place of what was; rows of its sheet keep their own clocks."""
    if name is not None and not name.strip():
        raise BadInput("The account needs a name.")
    if timezone is not None:
        zone(timezone)
    for number in (*(numbers.phones or ()), *(numbers.transfer_to or ())):
        require_number(number)
    given = numbers.as_values()
    _refuse_taken(db, account_id, given)
    db.execute(_CHANGE, {"id": account_id, "name": name, "timezone": timezone, **given})


def _refuse_taken(db: Db, account_id: str, given: Mapping[str, Sequence[str] | None]) -> None:
    """A called number leads to one account only."""
    values = {name: given[name] or [] for name in ("phones", "vapi_number_ids")}
    taken = db.execute(_TAKEN, {"id": account_id, **values}).first()
    if taken is not None:
        raise BadInput(f"One of these numbers leads to account '{taken.id}' already.")


def switches(db: Db, account_id: str) -> Switches:
    """What the account has set of its own."""
    found: Switches = db.execute(_FEATURES, {"id": account_id}).scalar_one()
    return found


def switch(db: Db, account_id: str, changes: Switches) -> None:
    """For the dispatch role; from the next job or call on they hold."""
    require_features(list(changes))
    db.execute(_SWITCH, {"id": account_id, "features": json.dumps(dict(changes))})


def id_from(name: str) -> str:
    """A readable id made of a name: "Northside Clinic" becomes "northside-clinic"."""
    made = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63]
    if not made:
        raise BadInput("The name has no letters or digits to make an id of; give one with --id.")
    return made


def _check(account: Account) -> None:
    if not account.name.strip():
        raise BadInput("The account needs a name.")
    if not ACCOUNT_ID.fullmatch(account.id):
        raise BadInput(
            f"'{account.id}' cannot be an account id; use lower-case letters, digits, - and _."
        )
    if account.timezone:
        zone(account.timezone)
    for number in (*account.phones, *account.transfer_to):
        require_number(number)


def require_number(number: str) -> None:
    if not E164.fullmatch(number):
        raise BadInput(f"'{number}' is not an international number; write it like +61391234567.")
