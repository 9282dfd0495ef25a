"""Judges audit chains against their rows and their anchor, and names what is wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from adapters.storage.audit.audit_chain import LONGEST_TRANSACTION, links_after
from adapters.storage.audit.audit_cuts import Cut, is_ours, latest_cut
from adapters.storage.audit.audit_shelf import Heads, Shelf, shelf
from adapters.storage.audit.audit_wrong import Lost, Wrong
from domain.audit_chain import (
    Anchor,
    AnchorBroken,
    ChainKeys,
    Finding,
    Head,
    Link,
    Trouble,
)
from domain.audit_restored import Stated
from domain.audit_walk import Walk
from domain.counting import so_many
from infra.database import dispatch, transaction

PATIENCE = timedelta(minutes=5)
"""Rows are chained within seconds: what waits longer is told as a finding."""

_ACCOUNTS = text(
    """
    SELECT accounts.id, COALESCE(head.seq, 0) AS seq, COALESCE(head.anchored_seq, 0) AS anchored
    FROM accounts LEFT JOIN audit_heads AS head ON head.account_id = accounts.id
    ORDER BY accounts.id
    """
)
_TAIL = text(
    """
    SELECT count(*) AS rows, min(logs.id) AS first_id, min(logs.created_at) AS oldest,
           count(*) FILTER (WHERE logs.created_at < head.newest_at - :longest) AS passed_over,
           now() AS now
    FROM pms_audit_logs AS logs LEFT JOIN audit_heads AS head USING (account_id)
    WHERE logs.account_id = :account_id
      AND NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = logs.id)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database's own row says of a chain: its last place, and the last one anchored."""

    seq: int = 0
    anchored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was looked at in one account, and what is wrong with it, the first broken row first.

    `stated` are restores of a backup that an operator told of: what is lost by them is no finding.
    `lost` is what the anchor knows beyond those.
    """

    account_id: str
    links: int
    archived: int
    unchained: int
    oldest_unchained: datetime | None
    anchored: int
    lost: Lost | None
    stated: Sequence[Stated]
    findings: Sequence[Finding]


Tell = Callable[[str, int, int], None]
"""Hears of which account so many links are looked at, and of how many."""
TOLD_EVERY = 1000


def _to_nobody(_account_id: str, _looked_at: int, _of: int) -> None:
    """A long chain is judged in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    engine: Engine
    keys: ChainKeys
    anchor: Anchor
    tell: Tell = _to_nobody

    def verify(self, only: str | None = None) -> tuple[Sequence[Verdict], Sequence[Finding]]:
        """Every account's verdict, or one's; and what is wrong with the anchor as a whole."""
        with dispatch(self.engine) as db:
            # What was anchored is looked up before the anchor is read: it may grow meanwhile.
            rows = db.execute(_ACCOUNTS).all()
        known: dict[str, Known] = {
            row.id: Known(seq=row.seq, anchored=row.anchored) for row in rows
        }
        with shelf() as anchored:
            broken = self._shelved(anchored, only)
            wanted = [only] if only else sorted({*known, *anchored.accounts()})
            verdicts = [
                self._verdict(one, known.get(one, Known()), anchored.of(one), is_whole=not broken)
                for one in wanted
            ]
        return verdicts, broken

    def _shelved(self, anchored: Shelf, only: str | None) -> Sequence[Finding]:
        """What is wrong with the anchor; what it holds up to there is shelved all the same."""
        try:
            for head in self.anchor.heads():
                if only in {None, head.account_id}:
                    anchored.keep(head)
        except AnchorBroken as error:
            sentence = f"the anchor was altered: {error}"
            return (Finding(trouble=Trouble.ANCHOR, sentence=sentence),)
        return ()

    def _verdict(
        self,
        account_id: str,
        known: Known,
        heads: Heads,
        *,
        is_whole: bool,
    ) -> Verdict:
        cut = self._cut(account_id)
        start = cut.head if cut else Head(account_id=account_id)
        walk, wrong = Walk(self.keys, start), Wrong(account_id, heads)
        wrong.took(_of_cut(self.keys, cut))
        wrong.at(start)
        links = self._counted(links_after(self.engine, start), account_id, known.seq - start.seq)
        wrong.took(walk.over(wrong.passing(links)))
        lost = wrong.compared(walk.head, walk.stated)
        wrong.took(_of_tail(walk.head, known, heads, is_whole=is_whole))
        tail = self._tail(account_id, wrong)
        return Verdict(
            account_id=account_id,
            links=walk.checked,
            archived=start.seq,
            unchained=tail[0],
            oldest_unchained=tail[1],
            anchored=heads.last,
            lost=lost,
            stated=walk.stated,
            findings=wrong.told(),
        )

    def _counted(self, links: Iterator[Link], account_id: str, of: int) -> Iterator[Link]:
        """The same links; now and then it is told how many there were."""
        for count, link in enumerate(links, start=1):
            yield link
            if count % TOLD_EVERY == 0:
                self.tell(account_id, count, max(of, count))

    def _cut(self, account_id: str) -> Cut | None:
        with transaction(self.engine, account_id=account_id) as db:
            return latest_cut(db, account_id)

    def _tail(self, account_id: str, wrong: Wrong) -> tuple[int, datetime | None]:
        """Rows that have no link yet; some seconds' worth of them is how it should be."""
        values = {"account_id": account_id, "longest": LONGEST_TRANSACTION}
        with transaction(self.engine, account_id=account_id) as db:
            row = db.execute(_TAIL, values).one()
        if row.passed_over:
            wrong.add(
                Trouble.UNCHAINED,
                f"{so_many(row.passed_over, 'row is', 'rows are')} older than the chain's head and "
                f"not in it, row {row.first_id} first",
                audit_id=row.first_id,
            )
        elif row.oldest is not None and row.now - row.oldest > PATIENCE:
            wrong.add(
                Trouble.UNCHAINED,
                f"{so_many(row.rows, 'row waits', 'rows wait')} to be chained, row {row.first_id} "
                "first, for longer than a few minutes: is a worker of the default queue running?",
                audit_id=row.first_id,
            )
        return row.rows, row.oldest


def _of_cut(keys: ChainKeys, cut: Cut | None) -> Iterator[Finding]:
    if cut is not None and not is_ours(keys, cut):
        yield Finding(
            trouble=Trouble.CUT,
            sentence=f"the cut after place {cut.seq} is none that an archive made",
            account_id=cut.account_id,
            seq=cut.seq,
        )


def _of_tail(end: Head, known: Known, heads: Heads, *, is_whole: bool) -> Iterator[Finding]:
    """What the anchor, or the head's own row, knows of places the chain no longer has."""
    outside = heads.last
    longest = max(outside, known.seq)
    if longest > end.seq:
        who = "the anchor" if outside >= known.seq else "the head's row"
        yield Finding(
            trouble=Trouble.TAIL,
            sentence=f"the chain ends at place {end.seq}, but {who} knows place {longest}: "
            f"the last {so_many(longest - end.seq, 'row is', 'rows are')} gone",
            account_id=end.account_id,
            seq=end.seq + 1,
        )
    if is_whole and known.anchored > outside:
        yield Finding(
            trouble=Trouble.ANCHOR,
            sentence=f"the anchor was told place {known.anchored} and knows only place {outside}",
            account_id=end.account_id,
            seq=known.anchored,
        )
