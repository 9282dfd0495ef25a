"""How long a backfill has still to go: at its own pace, and at what its vendor allows."""

from adapters import pms
from domain.backfills import Backfill
from domain.limits import Limit


def seconds_left(backfill: Backfill, *, vendor: str) -> float | None:
    """The longer of both; None until a chunk is done, for then nothing is known."""
    pace, requests = backfill.seconds_left, backfill.requests_left
    if pace is None:
        return None
    return max(pace, at_the_limits(requests or 0, vendor=vendor))


def at_the_limits(requests: int, *, vendor: str) -> float:
    """How long so many requests take at least when nobody else asks."""
    described = pms.registered().get(vendor)
    if described is None or requests <= 0:
        return 0.0
    buckets = described.appointments.buckets if described.appointments else ("default",)
    lengths = [
        _through(requests, limit, voice_share=described.voice_shares.get(bucket, 0.0))
        for bucket in buckets
        for limit in described.limits.get(bucket, ())
    ]
    return max(lengths, default=0.0)


def _through(requests: int, limit: Limit, *, voice_share: float) -> float:
    """Each window's worth after the first waits for the one before to pass."""
    open_to = max(1, limit.open_to(voice=False, voice_share=voice_share))
    return float((requests - 1) // open_to * limit.seconds)
