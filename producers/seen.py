"""Connections as they are answered, one of them with which of its secrets are set."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from fastapi import Response
from sqlalchemy import Connection as Db

from adapters import pms
from adapters.storage.practices import connection_list
from adapters.storage.practices.connection_details import ConnectionDetails, read_details
from domain.errors import NeedsReconnect, SyncError
from domain.sheet import NotOnSheet
from producers.answers import ConnectionAnswer, masked
from producers.doors import Door
from producers.versions import tag

log = structlog.get_logger()


def one(door: Door, connection_id: UUID, response: Response | None = None) -> ConnectionAnswer:
    """The connection as it stands now; a foreign one looks like none at all."""
    with door.transaction() as db:
        found = details(db, door, connection_id)
        refs = connection_list.secret_refs(db, [connection_id])
    if response is not None:
        tag(response, found.version)
    return answer(door, found, refs[connection_id])


def listed(found: ConnectionDetails) -> ConnectionAnswer:
    """As one of many: the store of secrets is not asked about each of them."""
    return ConnectionAnswer.of(found, pms.vendor(found.vendor), None)


def details(db: Db, door: Door, connection_id: UUID) -> ConnectionDetails:
    found = read_details(db, now=door.ports.clock(), connection_id=connection_id)
    if not found:
        raise NotOnSheet("There is no such connection; it may have been removed.")
    return found[0]


def answer(door: Door, found: ConnectionDetails, ref: str | None) -> ConnectionAnswer:
    vendor = pms.vendor(found.vendor)
    preset = door.ports.presets.get(found.vendor, {})
    return ConnectionAnswer.of(found, vendor, masked(vendor, held(door, ref), preset))


def held(door: Door, ref: str | None) -> Mapping[str, str]:
    """Its own secrets; none where they are gone, or the store does not answer a mere look."""
    if ref is None:
        return {}
    try:
        return door.ports.secrets.get(ref)
    except NeedsReconnect:
        return {}
    except SyncError as error:
        log.warning("secrets.not_read", error_kind=error.kind, error=str(error))
        return {}
