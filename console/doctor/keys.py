"""Whether the key at hand opens what was sealed before: stored credentials, and rows."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from adapters.secrets.choosing import require_readable
from adapters.secrets.file import FILE, FileSecretStore
from adapters.storage.upkeep import rotation
from adapters.storage.upkeep.sampling import samples
from console.doctor.findings import Finding
from console.wiring import Wiring
from domain.errors import NeedsReconnect
from infra.audit_keys import borrowed
from infra.sealing import SealBroken

KEY_FILE = ("keys", "encryption.key")


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
    """What they say is shown to nobody."""
    opened = 0
    for one in samples(wiring.engine):
        try:
            wiring.sealer.open(one.sealed, **one.place)
        except SealBroken:
            yield _broken(wiring, "rows of the sheet", one.sealed)
            return
        opened += 1
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
    store = wiring.secrets
    if isinstance(store, FileSecretStore) and not store.is_current:
        needing = [FILE, *needing]
    if needing:
        told = f"ENCRYPTION_KEYS_OLD is still needed by {', '.join(needing)}"
        yield Finding("keys", "warning", f"{told}; {_way_out(needing)}")
    else:
        yield Finding("keys", "ok", "nothing hangs on ENCRYPTION_KEYS_OLD any more; it may go")


def _way_out(needing: Sequence[str]) -> str:
    """What a rotation leaves behind goes away in a way of its own."""
    if all(one in rotation.CURES for one in needing):
        return "; ".join(rotation.CURES[one] for one in needing)
    return "run 'pms-sync secrets rotate-key'"
