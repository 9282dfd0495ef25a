"""What is known of an appointment's type: as listed, or as asked for by its id."""

from collections.abc import Callable, Iterator

from adapters.rest.record import Record
from domain.appointments import AppointmentType
from domain.connections import Connection, KnownType

Ask = Callable[[str], Record | None]
Read = Callable[[Record, Connection], Iterator[AppointmentType]]


def known_name(connection: Connection, type_id: str) -> str:
    """What a type was called so far; its id where that is not known."""
    known = connection.types.get(type_id)
    return known.name if known else type_id


def known_type(
    connection: Connection, type_id: str | None, *, ask: Ask, read: Read
) -> KnownType | None:
    """The type; one the vendor lists no more is asked for, and None where it is gone."""
    if type_id is None or type_id in connection.types:
        return connection.types.get(type_id or "")
    found = ask(type_id)
    if found is None or not found.has("id"):
        return None
    (told,) = read(found, connection)
    return KnownType(
        name=told.name,
        duration_minutes=told.duration_minutes,
        is_telehealth=bool(told.is_telehealth),
    )
