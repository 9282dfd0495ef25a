"""Whether the key at hand opens what was sealed before: stored credentials, and rows."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import text

from adapters.secrets.choosing import require_readable
from adapters.secrets.file import FILE
from adapters.storage.people import accounts
from adapters.storage.sheet.entries import TABLE
from adapters.storage.upkeep import rotation
from console.doctor.findings import Finding
from console.wiring import Wiring
from domain.errors import NeedsReconnect
from infra.audit_keys import borrowed
from infra.database import dispatch, transaction
from infra.sealing import SealBroken

COLUMN = "patient_name"
KEY_FILE = ("keys", "encryption.key")

# The oldest and the newest: where a key was lost, later rows were sealed under another. In the
# order in which they were changed, which an index has.
_SEALED = text(
    f"""
    (SELECT id, {COLUMN} AS sealed FROM {TABLE} WHERE {COLUMN} IS NOT NULL
     ORDER BY changed_in, id LIMIT 1)
    UNION ALL
    (SELECT id, {COLUMN} FROM {TABLE} WHERE {COLUMN} IS NOT NULL
     ORDER BY changed_in DESC, id DESC LIMIT 1)
    """  # noqa: S608 - names of our own
)


def of_credentials(wiring: Wiring) -> Iterator[Finding]:
    """Looking for any name opens the whole file; that nothing has this one does not matter."""
    if wiring.settings.secrets_backend == "aws":
        require_readable(wiring.secrets)
        yield Finding("keys", "ok", "AWS Secrets Manager can be read")
        return
    file = wiring.settings.home / FILE
    if not file.exists():
        yield Finding("keys", "ok", "no credentials are sealed here yet")
        return
    try:
        with suppress(NeedsReconnect):
            wiring.secrets.get("doctor")
    except SealBroken:
        yield _broken(wiring, "stored credentials", file.read_bytes())
    else:
        yield Finding("keys", "ok", "the stored credentials open")


def of_rows(wiring: Wiring) -> Iterator[Finding]:
    """One or two rows of each account; what they say is shown to nobody."""
    with dispatch(wiring.engine) as db:
        owners = [one.id for one in accounts.listed(db)]
    opened = 0
    for account_id in owners:
        with transaction(wiring.engine, account_id=account_id) as db:
            rows = db.execute(_SEALED).all()
        for row in rows:
            place = {"table": TABLE, "column": COLUMN, "row": str(row.id), "account": account_id}
            try:
                wiring.sealer.open(row.sealed, **place)
            except SealBroken:
                yield _broken(wiring, "rows of the sheet", row.sealed)
                return
        opened += len(rows)
    yield Finding("keys", "ok", "sealed rows open" if opened else "no rows are sealed yet")


def _broken(wiring: Wiring, what: str, sealed: bytes) -> Finding:
    """A wrong key is the usual reason, and told apart from bytes that were altered."""
    if wiring.sealer.is_current(sealed):
        return Finding("keys", "bad", f"the {what} were altered; restore them from your backup")
    given = wiring.settings
    own = "encryption_key" not in given.model_fields_set
    key = str(given.home.joinpath(*KEY_FILE)) if own else "ENCRYPTION_KEY"
    return Finding(
        "keys",
        "bad",
        f"the {what} were sealed with another key than this; stop the workers and put the right"
        f" key back ({key}), or name it in ENCRYPTION_KEYS_OLD",
    )


def of_the_past(wiring: Wiring) -> Iterator[Finding]:
    """Whether earlier keys are still needed; how much hangs on them, `--dry-run` tells."""
    if not wiring.sealer.old_key_ids:
        return
    needing = rotation.needing_old_keys(
        wiring.engine, wiring.sealer, chains=borrowed(wiring.settings)
    )
    if needing:
        told = f"ENCRYPTION_KEYS_OLD is still needed by {', '.join(needing)}"
        yield Finding("keys", "warning", f"{told}; run 'pms-sync secrets rotate-key'")
    else:
        yield Finding("keys", "ok", "nothing hangs on ENCRYPTION_KEYS_OLD any more; it may go")
