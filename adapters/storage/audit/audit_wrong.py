"""What one chain's judging finds, and where its anchor disagrees with it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adapters.storage.audit.audit_shelf import Heads
from domain.audit_chain import Finding, Head, Link, Trouble
from domain.audit_restored import Stated

MOST_OF_A_KIND = 20
"""A lost key spoils every row of an account: the first are told one by one, the rest counted."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A place at which the anchor knows another head, and the last one before it that agrees."""

    head: Head
    agreed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The last place that chain and anchor share, and the last head that the anchor alone knows."""

    kept: int
    known: Head


class Wrong:
    """Gathers findings of one account, and looks at the anchored places that are passed."""

    def __init__(self, account_id: str, heads: Heads) -> None:
        self._account = account_id
        self._heads = heads
        self._agreed = 0
        self._foreign: list[Foreign] = []
        self._first: list[Finding] = []
        self._counts: Counter[Trouble] = Counter()

    def took(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            self._counts[one.trouble] += 1
            if self._counts[one.trouble] <= MOST_OF_A_KIND:
                self._first.append(one)

    def add(self, trouble: Trouble, sentence: str, **places: int) -> None:
        found = Finding(trouble=trouble, sentence=sentence, account_id=self._account, **places)
        self.took([found])

    def told(self) -> list[Finding]:
        """The first of each kind in the order of the chain, and of each how many more there are."""
        more = [
            Finding(
                trouble=trouble,
                sentence=f"and {count - MOST_OF_A_KIND} more of the kind '{trouble}'",
                account_id=self._account,
            )
            for trouble, count in self._counts.items()
            if count > MOST_OF_A_KIND
        ]
        return [*sorted(self._first, key=_place), *more]

    def passing(self, links: Iterable[Link]) -> Iterator[Link]:
        for link in links:
            yield link
            self.at(Head(account_id=self._account, seq=link.seq, hash=link.hash))

    def at(self, head: Head) -> None:
        known = self._heads.at(head.seq)
        if others := known - {head.hash}:
            other = Head(account_id=self._account, seq=head.seq, hash=min(others))
            self._foreign.append(Foreign(other, self._agreed))
        elif known:
            self._agreed = head.seq

    def compared(self, end: Head, stated: Sequence[Stated]) -> Lost | None:
        """What the anchor knows and the chain has not, where no restore was stated that lost it."""
        foreign = [one for one in self._foreign if not _covered(one.head.seq, stated)]
        for one in foreign:
            words = f"the anchor's head at place {one.head.seq} is not the chain's"
            self.add(Trouble.ANCHOR, words, seq=one.head.seq)
        kept = foreign[0].agreed if foreign else end.seq
        last = self._heads.last
        if last > end.seq:
            known = Head(account_id=self._account, seq=last, hash=min(self._heads.at(last)))
            return Lost(kept=kept, known=known)
        return Lost(kept=kept, known=foreign[-1].head) if foreign else None


def _covered(seq: int, stated: Sequence[Stated]) -> bool:
    return any(said.restored.covers(seq) for said in stated)


def _place(found: Finding) -> float:
    return float("inf") if found.seq is None else found.seq
