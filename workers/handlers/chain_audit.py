"""Chains the audit rows that wait, one account after another."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.jobs import Job


class Chains(Protocol):
    def waiting(self) -> Sequence[str]: ...
    def chain(self, account_id: str) -> int: ...


def chain_audit(job: Job, *, chains: Chains) -> Mapping[str, Any]:
    """How many rows were chained, of how many accounts; a failure leaves the others' for next."""
    waiting = chains.waiting()
    return {"accounts": len(waiting), "rows": sum(map(chains.chain, waiting))}
