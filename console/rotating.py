"""`pms-sync secrets`: seal everything under another key while the service goes on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Annotated

import typer

from adapters.secrets.file import FileSecretStore
from adapters.storage.audit.audit import record
from adapters.storage.upkeep import rotation
from adapters.storage.upkeep.reindexing import reindexed
from adapters.storage.upkeep.resealing import BATCH, Resealing, Step
from adapters.storage.upkeep.rotation import CURES, PAST, Left
from console import output
from console.auditing import access
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.counting import so_many
from infra.audit_keys import borrowed
from infra.database import transaction

app = typer.Typer(no_args_is_help=True, help="The key that patient data rests under.")

COMMAND = "secrets rotate-key"
MOST_PASSES = 5
NO_OLD_KEY = (
    "Nothing to do: ENCRYPTION_KEYS_OLD names no earlier key. To change keys, see 'The key' in"
    " docs/runbook.md."
)


@dataclass(slots=True)
class Report:
    """What a rotation did and left, in numbers."""

    resealed: Mapping[str, int]
    broken: Mapping[str, int]
    left: Left
    is_file_left: bool

    @property
    def may_go(self) -> bool:
        return self.left.may_go and not self.is_file_left

    def as_answer(self) -> Mapping[str, object]:
        return {
            "resealed": self.resealed,
            "broken": self.broken,
            "left": {**self.left.sealed, **self.left.others},
            "indexes_left": self.left.indexed,
            "past": self.left.past,
            "secrets_left": self.is_file_left,
            "old_keys_may_go": self.may_go,
        }


@app.callback()
def secrets() -> None:
    """Commands of their own group, though there is one so far."""


@app.command("rotate-key")
def rotate_key(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what is left.")] = False,
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Rows in a transaction.")] = BATCH,
    json: AsJson = False,
) -> None:
    """Seal what is under the keys of ENCRYPTION_KEYS_OLD under ENCRYPTION_KEY.

    Reads and writes go on meanwhile. It may be broken off, and run again: it goes on from there.
    """
    with wired() as wiring:
        if not wiring.sealer.old_key_ids:
            return output.answer({"old_keys_may_go": True}) if json else output.say(NO_OLD_KEY)
        tell = _silent if json else output.say
        found = _counted(wiring) if dry_run else _rotated(wiring, batch, tell)
    return output.answer(found.as_answer()) if json else _say(found, is_dry=dry_run)


def _counted(wiring: Wiring) -> Report:
    return Report(
        resealed={},
        broken={},
        left=_left(wiring),
        is_file_left=_is_file_left(wiring),
    )


def _rotated(wiring: Wiring, batch: int, tell: Callable[[str], None]) -> Report:
    """Pass after pass, for as long as one finds what the pass before could not reach."""
    store = wiring.secrets
    if isinstance(store, FileSecretStore) and store.reseal():
        tell("secrets.sealed: sealed anew")
    resealed, broken = Counter[str](), Counter[str]()
    left = _left(wiring)
    for _ in range(MOST_PASSES):
        pass_ = Resealing(wiring.engine, wiring.sealer, batch=batch)
        done = _told(chain(pass_.steps(), reindexed(wiring.engine, wiring.sealer)), left, tell)
        _audit(wiring, done)
        for (table, _), rows in done.items():
            resealed[table] += rows
        broken = Counter(pass_.broken)
        left = _left(wiring)
        if not done or not left.to_do:
            break
    return Report(resealed, broken, left, is_file_left=_is_file_left(wiring))


def _told(
    steps: Iterator[Step], left: Left, tell: Callable[[str], None]
) -> Mapping[tuple[str, str | None], int]:
    """What was done by table and account, with a line for each batch."""
    done, of_table = Counter[tuple[str, str | None]](), Counter[str]()
    for step in steps:
        done[step.table, step.account_id] += step.rows
        of_table[step.table] += step.rows
        total = left.sealed.get(step.table, 0) + left.indexed.get(step.table, 0)
        tell(f"{step.table}: {of_table[step.table]} of {max(total, of_table[step.table])}")
    return done


def _audit(wiring: Wiring, done: Mapping[tuple[str, str | None], int]) -> None:
    """One row for each account whose rows were touched."""
    by_account = Counter[str]()
    for (_, account_id), rows in done.items():
        if account_id is not None:
            by_account[account_id] += rows
    for account_id, rows in by_account.items():
        with transaction(wiring.engine, account_id=account_id) as db:
            record(
                db,
                access(COMMAND),
                account_id=account_id,
                action="key.rotated",
                summary=f"{so_many(rows, 'row')} under key {wiring.sealer.key_id.hex()}",
            )


def _left(wiring: Wiring) -> Left:
    return rotation.left(wiring.engine, wiring.sealer, chains=borrowed(wiring.settings))


def _is_file_left(wiring: Wiring) -> bool:
    store = wiring.secrets
    return isinstance(store, FileSecretStore) and not store.is_current


def _say(found: Report, *, is_dry: bool) -> None:
    for name, rows in {**found.left.sealed, **found.left.indexed, **found.left.others}.items():
        output.say(f"Under an earlier key: {rows} {name}" + _cure(name))
    for name, rows in found.broken.items():
        output.say(f"Altered, none of the keys opens them: {rows} {name}")
    if found.left.past:
        output.say(f"Note: {found.left.past} {PAST}; {CURES[PAST]}.")
    if found.may_go:
        output.say("Nothing is under an earlier key: ENCRYPTION_KEYS_OLD may go.")
    elif is_dry:
        output.say("Run it without --dry-run to seal these anew; keep ENCRYPTION_KEYS_OLD.")
    elif found.left.to_do:
        output.say(
            "Keep ENCRYPTION_KEYS_OLD: a process still seals under it, or holds these rows. Restart"
            " every process with the new key, then run this again."
        )
    else:
        output.say("Keep ENCRYPTION_KEYS_OLD until those have followed; '--dry-run' counts them.")


def _cure(name: str) -> str:
    return f"; {CURES[name]}" if name in CURES else ""


def _silent(_: str) -> None:
    """Programs want the one answer at the end."""
