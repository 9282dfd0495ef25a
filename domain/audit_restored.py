"""What an operator states of a chain once a backup was restored: signed, bound to its place."""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from domain.audit_chain import ChainKey, ChainKeys, Head, Row, plain

ACTION = "audit.restored"

_WORDS = re.compile(
    r"restored from the backup of (?P<backup>\S+): the chain ended at place (?P<end>\d+), all is "
    r"kept to place (?P<kept>\d+), the anchor knew place (?P<known>\d+) "
    r"\(head (?P<head>[0-9a-f]+)\); signed (?P<key>[0-9a-f]+):(?P<mark>[0-9a-f]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Heads that the anchor knows and the chain lost: those after `kept`, up to `known`.

    `end` is where the chain stood then: what is chained afterwards goes on behind both, so that no
    place of what was lost is ever taken again.
    """

    end: Head
    kept: int
    known: Head
    backup: datetime

    @property
    def seq(self) -> int:
        """The place of the statement itself."""
        return max(self.end.seq, self.known.seq) + 1

    @property
    def before(self) -> Head:
        """What its link follows: the chain's own hash, at the last place that is lost."""
        return Head(account_id=self.end.account_id, seq=self.seq - 1, hash=self.end.hash)

    def covers(self, seq: int) -> bool:
        return self.kept < seq <= self.known.seq

    def words(self) -> str:
        return (
            f"restored from the backup of {plain(self.backup)}: the chain ended at place "
            f"{self.end.seq}, all is kept to place {self.kept}, the anchor knew place "
            f"{self.known.seq} (head {self.known.hash.hex()})"
        )

    def signed(self, key: ChainKey) -> str:
        """The words with a mark that only the key makes: a row alone states nothing."""
        return f"{self.words()}; signed {key.id.hex()}:{self.mark(key).hex()}"

    def mark(self, key: ChainKey) -> bytes:
        said = f"restored {self.end.account_id} {self.words()}".encode()
        return key.mark(said, self.end.hash)

    @classmethod
    def found(cls, words: re.Match[str], end: Head) -> Self:
        known = Head(
            account_id=end.account_id,
            seq=int(words["known"]),
            hash=bytes.fromhex(words["head"]),
        )
        backup = datetime.fromisoformat(words["backup"])
        return cls(end=end, kept=int(words["kept"]), known=known, backup=backup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A statement as it stands in a chain: what it says, who made it and when."""

    restored: Restored
    by: str
    at: datetime

    @property
    def sentence(self) -> str:
        said = self.restored
        return (
            f"{self.by} stated at {_told(self.at)} that the backup of {_told(said.backup)} was "
            f"restored: "
            f"all is kept to place {said.kept}, what the anchor knows after it, "
            f"up to place {said.known.seq}, is lost (place {said.seq})"
        )


def read(row: Row, before: Head, keys: ChainKeys) -> Stated | None:
    """What a row states of the chain that stood at `before`; None where the key did not sign it."""
    words = _WORDS.fullmatch(str(row["request_summary"]))
    if words is None:
        return None
    key, end = keys.of(bytes.fromhex(words["key"])), int(words["end"])
    said = Restored.found(words, Head(account_id=before.account_id, seq=end, hash=before.hash))
    if key is None or not hmac.compare_digest(said.mark(key), bytes.fromhex(words["mark"])):
        return None
    # An archive that begins with the statement knows of its place alone.
    if before.seq not in {said.end.seq, said.seq - 1}:
        return None
    return Stated(
        restored=said,
        by=str(row["user_id"]),
        at=datetime.fromisoformat(str(plain(row["created_at"]))),
    )


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
