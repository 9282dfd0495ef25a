"""Clears away what is past its keep-by date; patient data and audit rows are not touched here."""

from collections.abc import Mapping

from sqlalchemy import Engine, text

from infra.database import dispatch

DONE_DAYS = 7
DEAD_DAYS = 90
EVENT_DAYS = 2

_PRUNE: Mapping[str, str] = {
    "jobs": f"""DELETE FROM jobs WHERE
        (state IN ('done', 'cancelled') AND finished_at < now() - interval '{DONE_DAYS} days')
        OR (state = 'dead' AND finished_at < now() - interval '{DEAD_DAYS} days')""",
    # The longest limit any vendor is known to set is a day.
    "vendor_requests": "DELETE FROM vendor_requests WHERE at < now() - interval '2 days'",
    "run_sheet_events": "DELETE FROM run_sheet_events "
    f"WHERE at < now() - interval '{EVENT_DAYS} days'",
    "sessions": "DELETE FROM sessions WHERE expires_at < now()",
    "login_links": "DELETE FROM login_links WHERE expires_at < now() - interval '1 day'",
    "workers": "DELETE FROM workers WHERE seen_at < now() - interval '1 day'",
}


def prune(engine: Engine) -> dict[str, int]:
    """Rows removed, by table; one short transaction each."""
    removed: dict[str, int] = {}
    for table, statement in _PRUNE.items():
        with dispatch(engine) as db:
            removed[table] = db.execute(text(statement)).rowcount
    return removed
