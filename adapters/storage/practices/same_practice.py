"""Which connections are to one practice, however its site is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters import pms
from domain.connections import Connection
from domain.errors import BadInput

Place = tuple[str, str | None]

WITHIN = "practice_id"
"""The setting that says which practice of its office a connection is to."""

# Written alike but for letters and what follows a colon: which of these are meant, the vendor says.
_ALIKE = text(
    """
    SELECT id, site, display_name, settings FROM pms_connections
    WHERE account_id = :account_id AND connector = :vendor AND site <> '' AND id <> :but
      AND lower(split_part(btrim(site), ':', 1)) = lower(split_part(btrim(:site), ':', 1))
      AND (removed_at IS NOT NULL) = :is_removed
    ORDER BY created_at, id
    """
)
_HELD = text(
    """
    SELECT connector, site, settings, EXISTS (
             SELECT FROM run_sheet_appointments WHERE pms_connection_id = own.id) AS has_rows
    FROM pms_connections AS own WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A practice as somebody names it; `but` is the connection that is to be to it."""

    account_id: str
    vendor: str
    site: str
    but: UUID
    settings: Mapping[str, Any] = field(repr=False)


def place(vendor: str, site: str, settings: Mapping[str, Any]) -> Place:
    """The practice that these stand for, and within its office; None where nobody has said which.

    Written as anybody may write it.
    """
    described = pms.registered().get(vendor)
    told = described.place if described is not None else None
    office, practice = told(site, settings) if told is not None else (site, None)
    return office.strip().casefold(), practice


def said(
    vendor: str, site: str, settings: Mapping[str, Any], number: str | None
) -> Mapping[str, Any]:
    """The settings, with the practice's own number where nobody has said which of them it is."""
    described = pms.registered().get(vendor)
    is_said = described is None or described.place is None or place(vendor, site, settings)[1]
    return settings if is_said or not number else {**settings, WITHIN: number}


def numbered_anew(
    held: Connection, *, site: str | None, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The settings to change: at another office nobody has said which of its practices it is."""
    was, now = (place(held.vendor, one, {})[0] for one in (held.site, site or held.site))
    is_kept = WITHIN in held.settings and WITHIN not in settings
    return {**settings, WITHIN: None} if is_kept and was != now else settings


def connected(db: Db, asked: Asked) -> Row[Any] | None:
    """Another connection to it that is in use."""
    return next(iter(_same(db, asked, is_removed=False)), None)


def removed(db: Db, asked: Asked) -> Sequence[UUID]:
    """The connections to it that were removed."""
    return [row.id for row in _same(db, asked, is_removed=True)]


def require_its_own(
    db: Db, connection_id: UUID, *, site: str | None, settings: Mapping[str, Any]
) -> None:
    """Raise BadInput where rows of its practice would pass for those of another."""
    held = db.execute(_HELD, {"id": connection_id}).one()
    was = place(held.connector, held.site, held.settings)
    now = place(held.connector, site or held.site, {**held.settings, **settings})
    if held.has_rows and now not in (was, (was[0], was[1] or now[1])):
        raise BadInput(
            f"This connection has its practice's rows ({held.site}) on the sheet already; connect"
            " the other practice by itself, and remove this connection if it is not wanted."
        )


def _same(db: Db, asked: Asked, *, is_removed: bool) -> Sequence[Row[Any]]:
    if not asked.site.strip():
        return []
    values = {name: getattr(asked, name) for name in ("account_id", "vendor", "site", "but")}
    wanted = place(asked.vendor, asked.site, asked.settings)
    rows = db.execute(_ALIKE, {**values, "is_removed": is_removed})
    return [row for row in rows if place(asked.vendor, row.site, row.settings) == wanted]
