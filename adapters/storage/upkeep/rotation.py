"""What still hangs on an earlier key, counted, so that it is dropped neither early nor late."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.upkeep.resealing import owners, under
from adapters.storage.upkeep.sealed import INDEXED, SEALED
from infra.database import dispatch, transaction
from infra.sealing import KEY_ID_BYTES, Sealer

WEBHOOKS, CODES, UNDONE, LINKS, PAST = (
    "webhook keys",
    "links and codes of authorisations",
    "rows taken back by a person",
    "links of the audit chain",
    "rows taken back on days that are over",
)
CURES: Mapping[str, str] = MappingProxyType(
    {
        WEBHOOKS: "each follows at its next webhook, or make a new one:"
        " 'pms-sync connections webhooks ID'",
        CODES: "they end by themselves, after seven days at most",
        UNDONE: "they follow when their days are read whole again",
        LINKS: "name that key in AUDIT_KEYS_OLD, too, so that 'audit verify' can judge them",
        PAST: "reading these days again would bring them back to the sheet",
    }
)
"""What no command can make anew, and how it goes away."""

_WEBHOOKS = text(
    f"""
    SELECT count(*) FROM pms_connections
    WHERE removed_at IS NULL
      AND substring({INDEXED["pms_connections"]} FROM 1 FOR {KEY_ID_BYTES}) = ANY(:ids)
    """  # noqa: S608 - names of our own
)
_CODES = text(
    f"""
    SELECT count(*) FROM authorisation_states
    WHERE used_at IS NULL AND expires_at > now()
      AND substring({INDEXED["authorisation_states"]} FROM 1 FOR {KEY_ID_BYTES}) = ANY(:ids)
    """  # noqa: S608 - names of our own
)
_LINKS = text("SELECT count(*) FROM audit_chain WHERE key_id = ANY(:ids)")
# What of the sheet nobody took back is only written once more where its print is of no known key.
_UNDONE = text(
    """
    SELECT count(*) FILTER (WHERE appointment_time >= now() - interval '1 day') AS ahead,
           count(*) FILTER (WHERE appointment_time < now() - interval '1 day') AS past
    FROM run_sheet_appointments
    WHERE (undone OR cardinality(undone_fields) > 0) AND pms_print IS NOT NULL
      AND substring(pms_print FROM 1 FOR :length) <> :stamp
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Rows under earlier keys by what they are; `past` alone does not keep a key needed."""

    sealed: Mapping[str, int]
    indexed: Mapping[str, int]
    others: Mapping[str, int]
    past: int = 0

    @property
    def may_go(self) -> bool:
        return not any(sum(kind.values()) for kind in (self.sealed, self.indexed, self.others))

    @property
    def to_do(self) -> int:
        """What a rotation can seal or index anew."""
        return sum(self.sealed.values()) + sum(self.indexed.values())


def left(engine: Engine, sealer: Sealer, *, chains: Sequence[bytes] = ()) -> Left:
    """Counted in every account; rows that come under an earlier key meanwhile are among them.

    `chains` are the ids of keys that audit rows may be chained under, and nobody else names.
    """
    sealed, indexed = Counter[str](), Counter[str]()
    ahead = past = links = 0
    for account_id in owners(engine):
        with transaction(engine, account_id=account_id) as db:
            sealed.update(_sealed(db, sealer, account_id))
            indexed.update(_indexed(db, sealer))
            undone = db.execute(_UNDONE, _stamp(sealer)).one()
            links += db.execute(_LINKS, {"ids": list(chains)}).scalar_one()
        ahead, past = ahead + undone.ahead, past + undone.past
    with dispatch(engine) as db:
        sealed.update(_sealed(db, sealer, None))
        ids = {"ids": sealer.old_key_ids}
        webhooks, codes = (db.execute(one, ids).scalar_one() for one in (_WEBHOOKS, _CODES))
    others = {WEBHOOKS: webhooks, CODES: codes, UNDONE: ahead, LINKS: links}
    return Left(sealed=+sealed, indexed=+indexed, others=_some(others), past=past)


def needing_old_keys(
    engine: Engine, sealer: Sealer, *, chains: Sequence[bytes] = ()
) -> Sequence[str]:
    """The tables and things that do, by name."""
    found = left(engine, sealer, chains=chains)
    return [
        *found.sealed,
        *(name for name in found.indexed if name not in found.sealed),
        *found.others,
    ]


def _sealed(db: Db, sealer: Sealer, account_id: str | None) -> Mapping[str, int]:
    """One statement for all tables; those of no account where none is given."""
    tables = [one for one in SEALED if account_id is not None or one.without_account]
    counts = " UNION ALL ".join(
        f"SELECT '{one.name}' AS name, count(*) AS rows FROM {one.name}"  # noqa: S608 - own names
        f" WHERE {under(one, account_id)}"
        for one in tables
    )
    rows = db.execute(text(counts), {"stamps": sealer.old_stamps})
    return {row.name: row.rows for row in rows}


def _indexed(db: Db, sealer: Sealer) -> Mapping[str, int]:
    tables = ("patient_links", "text_messages", "text_opt_outs")
    counts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, count(*) AS rows FROM {name}"  # noqa: S608 - names of our own
        f" WHERE substring({INDEXED[name]} FROM 1 FOR {KEY_ID_BYTES}) = ANY(:ids)"
        for name in tables
    )
    rows = db.execute(text(counts), {"ids": sealer.old_key_ids})
    return {row.name: row.rows for row in rows}


def _stamp(sealer: Sealer) -> Mapping[str, object]:
    return {"stamp": sealer.print_stamp, "length": len(sealer.print_stamp)}


def _some(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {name: rows for name, rows in counts.items() if rows}
