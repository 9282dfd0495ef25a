"""Chains the audit rows that wait, one account after another."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.errors import SyncError
from domain.jobs import Job


class Chains(Protocol):
    def waiting(self) -> Sequence[str]: ...
    def chain(self, account_id: str) -> int: ...


def chain_audit(job: Job, *, chains: Chains) -> Mapping[str, Any]:
    """How many rows were chained, of how many accounts; one that fails keeps no other waiting.

    Raises what stopped the last of those, once all have had their turn.
    """
    waiting, rows = chains.waiting(), 0
    failed: SyncError | None = None
    for account_id in waiting:
        try:
            rows += chains.chain(account_id)
        except SyncError as trouble:
            failed = trouble
    if failed is not None:
        raise failed
    return {"accounts": len(waiting), "rows": rows}
