"""Every account's audit rows are chained, whatever stops those of another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.errors import Transient
from workers.handlers.chain_audit import chain_audit

JOB: Any = None


@dataclass
class Chains:
    """Accounts with two rows each; one may have no anchor to write to."""

    stuck: str | None = None
    chained: list[str] = field(default_factory=list)

    def waiting(self) -> Sequence[str]:
        return ["a", "b", "c"]

    def chain(self, account_id: str) -> int:
        if account_id == self.stuck:
            raise Transient("the anchor cannot be written")
        self.chained.append(account_id)
        return 2


def test_rows_and_accounts_are_counted() -> None:
    assert chain_audit(JOB, chains=Chains()) == {"accounts": 3, "rows": 6}


def test_an_account_that_cannot_be_chained_keeps_no_other_waiting() -> None:
    chains = Chains(stuck="a")

    with pytest.raises(Transient, match="anchor"):
        chain_audit(JOB, chains=chains)

    assert chains.chained == ["b", "c"]
