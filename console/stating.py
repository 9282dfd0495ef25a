"""Stating in the audit that a backup was restored, and how what was stated looks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.storage.audit.audit_restoring import Restoring, Statement
from console import output
from console.auditing import access
from console.wiring import Wiring


def state(
    wiring: Wiring, only: str | None, *, backup: datetime
) -> tuple[Sequence[Statement], Sequence[str]]:
    """What was stated, and accounts that are no longer here for anything to be stated of."""
    restoring, stated, unknown = Restoring(chaining=wiring.chaining), [], []
    for one, lost in restoring.missing(only).items():
        if restoring.is_here(one):
            stated.append(restoring.state(one, lost, access("audit restored"), backup=backup))
        else:
            unknown.append(one)
    return stated, unknown


def say(stated: Sequence[Statement], unknown: Sequence[str]) -> None:
    if not stated and not unknown:
        output.say(
            "There is nothing to state: the anchor knows nothing that is not here. Is this the"
            " database that was restored, and the anchor that went on after the backup?"
        )
    if stated:
        output.table(
            ["Account", "Kept to place", "Of", "Lost to place", "Stated at place"],
            [
                (
                    one.restored.end.account_id,
                    one.restored.kept,
                    one.kept_at,
                    one.restored.known.seq,
                    one.restored.seq,
                )
                for one in stated
            ],
        )
        output.say(
            "'Of' is the newest row that was in the backup. Well before it was made, while somebody"
            " worked? Then rows are missing that a restore does not explain."
        )
    for one in unknown:
        output.say(
            f"{one}: this account was made after the backup; make it again"
            f" ('pms-sync accounts add NAME --id {one}'), then run this again."
        )


def told(one: Statement) -> dict[str, Any]:
    said = one.restored
    places = {"kept": said.kept, "known": said.known.seq, "place": said.seq}
    return {"account": said.end.account_id, **places, "kept_at": one.kept_at}
