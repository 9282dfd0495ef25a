"""A vendor clock laid over another: whoever lays one over says only what it does differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.limits import Budget, Outlook, Throttle


@dataclass
class Passing:
    """Everything as the clock below has it."""

    throttle: Throttle

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        return self.throttle.spend(budgets, holder=holder, voice=voice)

    def pause(self, bucket: str, *, seconds: float) -> None:
        self.throttle.pause(bucket, seconds=seconds)

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        self.throttle.observe(bucket, limit=limit, remaining=remaining, reset_seconds=reset_seconds)

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        return self.throttle.outlook(budgets, requests=requests, voice=voice)
