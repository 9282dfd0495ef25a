"""What the ingress needs to serve callers: proof of who asks, who to tell, and how long to wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from adapters.replies import Replies
from adapters.vapi.verifying import Plan
from producers.turned_away import TurnedAway
from producers.turns import Turns

FALLBACK_SECONDS = 4.0
ANSWER_SECONDS = 15.0
LAST_SECONDS = 17.0
"""When words are said even if nobody could look what became of a request."""
CALLS_A_MINUTE = 100
TURN_SECONDS = 2.0
"""What could not even be looked at by then is not begun: there is time to say so."""


class Announcer(Protocol):
    """Says on a queue that jobs are ready."""

    def announce(self, queue: str, job_ids: Sequence[int]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What the ingress needs for callers; without a plan no message is genuine."""

    plans: Sequence[Plan] = field(default=(), repr=False)
    replies: Replies
    announcer: Announcer
    fallback_seconds: float = FALLBACK_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    last_seconds: float = LAST_SECONDS
    calls_a_minute: int = CALLS_A_MINUTE
    sends_texts: bool = False
    turn_seconds: float = TURN_SECONDS
    turns: Turns = field(default_factory=Turns, repr=False)
    turned_away: TurnedAway = field(default_factory=TurnedAway, repr=False)

    @property
    def patience(self) -> timedelta:
        return timedelta(seconds=self.answer_seconds)
