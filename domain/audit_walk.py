"""Goes along one account's chain, and tells what is not as it was written."""

import hmac
from collections.abc import Iterable, Iterator

from domain.audit_chain import COLUMNS, ChainKeys, Finding, Head, Link, Trouble, hash_of
from domain.audit_restored import ACTION, Stated, read


class Walk:
    """One way along a chain, from where it begins; what was stated of it is gathered."""

    def __init__(self, keys: ChainKeys, start: Head) -> None:
        self._keys = keys
        self._account = start.account_id
        self.head = start
        self.checked = 0
        self.stated: list[Stated] = []

    def over(self, links: Iterable[Link]) -> Iterator[Finding]:
        for link in links:
            stated = self._stated(link)
            if stated is not None:
                self.stated.append(stated)
            if stated is None and link.seq != self.head.seq + 1:
                yield self._gap(link)
            elif (wrong := self._wrong(link, is_stated=stated is not None)) is not None:
                yield wrong
            self.checked += 1
            # What follows is judged by what is stored here: one broken place is told as one.
            self.head = Head(account_id=self._account, seq=link.seq, hash=link.hash)

    def _stated(self, link: Link) -> Stated | None:
        if link.row is None or link.row["action"] != ACTION:
            return None
        stated = read(link.row, self.head, self._keys)
        return stated if stated and stated.restored.seq == link.seq else None

    def _wrong(self, link: Link, *, is_stated: bool) -> Finding | None:
        key = self._keys.of(link.key_id)
        if link.row is None:
            return self._found(Trouble.MISSING, link, f"row {link.audit_id} is gone")
        if key is None or link.shape not in COLUMNS:
            words = f"row {link.audit_id} was chained under a key that is not configured"
            return self._found(Trouble.KEY, link, words)
        made = hash_of(key, self.head.hash, seq=link.seq, shape=link.shape, row=link.row)
        if not hmac.compare_digest(made, link.hash):
            words = f"row {link.audit_id} is not the row that was chained"
            return self._found(Trouble.ALTERED, link, words)
        if link.row["action"] == ACTION and not is_stated:
            words = f"row {link.audit_id} states a restore and is none that a command made"
            return self._found(Trouble.RESTORED, link, words)
        return None

    def _gap(self, link: Link) -> Finding:
        first, last = self.head.seq + 1, link.seq - 1
        words = f"places {first} to {last} are gone" if first < last else f"place {first} is gone"
        return self._found(Trouble.GAP, link, words)

    def _found(self, trouble: Trouble, link: Link, words: str) -> Finding:
        return Finding(
            trouble=trouble,
            sentence=f"{words} (place {link.seq})",
            account_id=self._account,
            seq=link.seq,
            audit_id=link.audit_id,
        )
