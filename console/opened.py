"""The connection a person names by its id, or by how that begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from adapters.storage.practices import connection_list, connections
from console.wiring import Wiring, wired
from domain.connections import Connection
from infra.database import dispatch, transaction

BY_ID = "The connection's id, or how it begins."
Id = Annotated[str, typer.Argument(metavar="ID", help=BY_ID)]


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
