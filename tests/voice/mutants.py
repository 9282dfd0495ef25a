"""Faults to plant in the product, by hand, to see whether the interleavings of a town find them.

`python -m tests.voice.mutants [name ...]` plants each in a copy and says, for each seed of SEEDS
("1 2 3"), after how many it was found and as what. SOAK is that of `test_interleavings`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
SCENARIOS = "tests/voice/test_interleavings.py"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".local", ".*_cache", "__pycache__", "node_modules"
)
SEEDS = os.environ.get("SEEDS", "1").split()
COUNTED = re.compile(r"^(\d+) interleavings", re.MULTILINE)
FINDING = re.compile(
    r"^[E |]+(?:AssertionError: )?(_\w+: .*|jobs never.*|\w*Error\b.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """In the file at `path` what is `right` becomes `wrong`."""

    name: str
    path: str
    right: str
    wrong: str

    def plant(self, root: Path) -> None:
        file = root / self.path
        held = file.read_text()
        if held.count(self.right) != 1:
            raise SystemExit(f"{self.name}: its place in {self.path} is no longer there.")
        file.write_text(held.replace(self.right, self.wrong))


MADE_ANEW = """
        moved = write.wish
        if isinstance(moved, Move):
            who, by = moved.patient_id or "", moved.practitioner_id
            made = Booking(patient_id=who, start=moved.start, minutes=moved.minutes,
                           practitioner_id=by, operatory_id=moved.operatory_id)
            write = replace(write, wish=made)
"""

MUTANTS = (
    Mutant(
        name="no hold is taken",
        path="workers/calls/carrying.py",
        right="    if opening is not None:\n        new = replace",
        wrong="    if opening is None:\n        new = replace",
    ),
    Mutant(
        name="nobody looks once more before it leaves",
        path="workers/writing.py",
        right="            self._look_once_more(kept, held, whose=whose)\n",
        wrong="",
    ),
    Mutant(
        name="a lost answer is told as done",
        path="workers/writing.py",
        right="settle(sent, WriteState.UNKNOWN, reason=str(doubt))",
        wrong="settle(sent, WriteState.CONFIRMED, reason=str(doubt))",
    ),
    Mutant(
        name="a cancellation is told as done before its outcome",
        path="workers/writing.py",
        right="        if receipt.is_final:\n",
        wrong='        if receipt.is_final or sent.write.kind.value == "cancel":\n',
    ),
    Mutant(
        name="what one call has proved counts in every other",
        path="adapters/storage/phone/phone_calls.py",
        right='self._owner = {"account_id": account_id, "call_id": call_id}',
        wrong='self._owner = {"account_id": account_id, "call_id": account_id}',
    ),
    Mutant(
        name="others of the book are told as the caller's",
        path="workers/calls/upcoming.py",
        right="    theirs = [one for one in book if one.patient_id == patient.id]\n",
        wrong="    theirs = _book(request, window, unseen, patient_id=None)\n",
    ),
    Mutant(
        name="a hold is never freed",
        path="adapters/storage/phone/writes.py",
        right="        elif state is not WriteState.UNKNOWN:\n            holds.free",
        wrong="        elif state is WriteState.UNKNOWN:\n            holds.free",
    ),
    Mutant(
        name="who takes over sends again",
        path="workers/writing.py",
        right="        if sent is None:\n            return self._ledger.load(kept.id)\n",
        wrong="        sent = sent or self._ledger.load(kept.id)\n",
    ),
    Mutant(
        name="a move books and does not cancel",
        path="adapters/sikka/desk.py",
        right="        request = self._request(write)\n        body",
        wrong=MADE_ANEW + "        request = self._request(write)\n        body",
    ),
    Mutant(
        name="each attempt has a key of its own",
        path="domain/tools.py",
        right='    return f"{call_id}:{tool_call_id}"',
        wrong="    return f\"{call_id}:{tool_call_id}:{__import__('uuid').uuid4()}\"",
    ),
    Mutant(
        name="what is asked for in another call is done again",
        path="adapters/storage/phone/asked_again.py",
        right="AND asked_by = :asked_by AND state",
        wrong="AND asked_by = :asked_by AND call_id = :call_id AND state",
    ),
    Mutant(
        name="a late end overwrites an earlier one",
        path="adapters/storage/phone/writes.py",
        right="    WHERE id = :id AND state = ANY(:before) RETURNING *",
        wrong="    WHERE id = :id AND CAST(:before AS text[]) IS NOT NULL RETURNING *",
    ),
    Mutant(
        name="who was answered in our place is written for all the same",
        path="adapters/storage/phone/tool_calls.py",
        right='    if db.execute(_GUARD, {"id": row_id}).first() is None:\n',
        wrong="    if row_id is None:\n",
    ),
    Mutant(
        name="what may be on its way is told as failed",
        path="domain/writes.py",
        right="CERTAIN_AFTER = timedelta(seconds=60)",
        wrong="CERTAIN_AFTER = timedelta()",
    ),
    Mutant(
        name="nobody lists who was promised a call",
        path="adapters/storage/phone/call_backs.py",
        right="    if not _same(db, sealer, write_id, caller):\n",
        wrong="    if _same(db, sealer, write_id, caller):\n",
    ),
    Mutant(
        name="what is not final is said to be done",
        path="domain/tool_words.py",
        right="    if state is WriteState.CONFIRMED:\n        before",
        wrong="    if state in {WriteState.CONFIRMED, WriteState.SUBMITTED}:\n        before",
    ),
)


def main() -> None:
    chosen = [one for one in MUTANTS if not sys.argv[1:] or one.name in sys.argv[1:]]
    for one in chosen:
        for seed in SEEDS:
            told = f"{one.name:60} {seed:>4} {_tried(one, seed)}"
            print(told, flush=True)  # noqa: T201 - what it is run for


def _tried(mutant: Mutant, seed: str) -> str:
    """After how many it was found, and as what."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "planted"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        mutant.plant(root)
        began = monotonic()
        run = [sys.executable, "-m", "pytest", SCENARIOS, "-q", "-s", "-p", "no:cacheprovider"]
        ended = subprocess.run(  # noqa: S603 - our own tests
            run, cwd=root, env={"SOAK": "2", **os.environ, "SEED": seed},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    found, counted = FINDING.search(ended.stdout), COUNTED.search(ended.stdout)
    passed = counted[1] if counted else "?"
    if ended.returncode == 0:
        return f"NOT FOUND in {passed} ({monotonic() - began:.0f} s)"
    number = int(passed) + 1 if counted else "?"
    return f"found at {number}: {found[1][:90] if found else ended.stdout[-400:]}"


if __name__ == "__main__":
    main()
