"""What a person names: a connection by its id, or by how that begins, and an account."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Connection as Db

from adapters.storage.people import accounts
from adapters.storage.practices import connection_list, connections
from console.output import short
from console.wiring import Wiring, wired
from domain.connections import Connection
from infra.database import dispatch, transaction

BY_ID = "The connection's id, or how it begins."
Id = Annotated[str, typer.Argument(metavar="ID", help=BY_ID)]
DEFAULT_ACCOUNT = "default"
Account = Annotated[str, typer.Option(help="Which account.")]
Limit = Annotated[int, typer.Option(help="At most this many.", min=1, max=1000)]


@contextmanager
def opened(wanted: str) -> Iterator[tuple[Wiring, Connection]]:
    """The connection and the parts to work on it with, whichever account it belongs to."""
    with wired() as wiring:
        yield wiring, load(wiring, wanted)


def load(wiring: Wiring, wanted: str) -> Connection:
    with dispatch(wiring.engine) as db:
        found = connection_list.find(db, wanted)
    with transaction(wiring.engine, account_id=found.account_id) as db:
        return connections.load(db, found.id)


def require_account(wiring: Wiring, account: str | None) -> None:
    """One that is mistyped is told as that; None stands for all."""
    if account is not None:
        with dispatch(wiring.engine) as db:
            accounts.require(db, account)


@contextmanager
def of_account(wiring: Wiring, account: str) -> Iterator[Db]:
    """A transaction of an account that is there."""
    with transaction(wiring.engine, account_id=account) as db:
        accounts.require(db, account)
        yield db


def called(db: Db, ids: Iterable[UUID | None]) -> Mapping[UUID | None, str]:
    """Of each connection how a command is told which one, and which practice that is."""
    names = connection_list.names(db, {one for one in ids if one})
    return {None: "", **{one: f"{short(one)} {name}" for one, name in names.items()}}
