"""No connection in production without the agreements on patient data it needs."""

from sqlalchemy import Connection as Db

from adapters.storage.people import agreements
from producers.doors import Door


def require_agreements(db: Db, door: Door, vendor: str) -> None:
    """One sentence that names with whom an agreement is missing, or nothing."""
    ports = door.ports
    agreements.require(db, vendor, now=ports.clock(), is_production=ports.is_production)
