"""How rows of some days fare that are brought to a PMS together: sent, failed or left waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNSENT = "Not at the practice yet; nobody has asked for this visit to be created there."
ON_ITS_WAY = "On its way."


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many rows of a range are under way, and when one of them ended last."""

    under_way: int
    last_ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Each row once: sent and agreed, or left behind as `failed` or `waiting`, by reason."""

    sent: int
    failed: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)

    def as_result(self) -> dict[str, Any]:
        """What the job answers: the counts, and how often each sentence was the reason.

        `{"sent": 3, "failed": 1, "waiting": 2, "reasons": {"failed": {"That time is taken.": 1},
        "waiting": {"Link the patient first.": 2}}}`
        """
        return {
            "sent": self.sent,
            "failed": sum(self.failed.values()),
            "waiting": sum(self.waiting.values()),
            "reasons": {"failed": dict(self.failed), "waiting": dict(self.waiting)},
        }
