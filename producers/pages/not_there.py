"""What somebody hears who opens the page of a connection that is not there, or not any more."""

from http import HTTPStatus
from uuid import UUID

from adapters.storage.practices.connection_details import read_removed
from domain.window import zone
from producers.doors import Door
from producers.problems import Problem

UNKNOWN = "There is no such connection; the address may have been mistyped."
REMOVED = (
    "{name} was removed on {day}. What is left of its rows is told at the end of “Connections”,"
    " where the practice can be connected again."
)


def not_there(door: Door, connection_id: UUID) -> Problem:
    """Names one of the account's own that was removed, and its day on the practice's clock."""
    with door.transaction() as db:
        removed = read_removed(db, connection_id)
    if removed is None:
        return Problem(HTTPStatus.NOT_FOUND, UNKNOWN)
    at = removed["removed_at"].astimezone(zone(removed["timezone"]))
    told = REMOVED.format(name=removed["name"], day=f"{at:%-d %B %Y}")
    return Problem(HTTPStatus.NOT_FOUND, told)
