"""Looks through each account's newest accesses for what somebody should look at."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.jobs import Job


class Watch(Protocol):
    def accounts(self) -> Sequence[str]: ...
    def watch(self, account_id: str) -> int: ...


def watch_access(job: Job, *, watch: Watch) -> Mapping[str, Any]:
    """How many findings are new, over all accounts."""
    return {"findings": sum(map(watch.watch, watch.accounts()))}
