"""How many calls an office has in a minute: by the action, and by the clock in Denver."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

DENVER = ZoneInfo("America/Denver")
OPENS, CLOSES, SATURDAY = 6, 18, 5
LIMITS: Mapping[int, tuple[int, int]] = {1: (1, 60), 2: (12, 120), 3: (24, 120)}  # peak, off-peak
UNLIMITED = 0
FEED = "getupdated"
HEAVY = frozenset(
    {
        "getdatevisits",
        "getappts",
        "getdemographic",
        "gettxhistory",
        "savecharges",
        "updvisitwithnewcharges",
    }
)
LOGIN = "login"


def tier_of(action: str) -> int:
    """Everything unlisted is in the third; logins have a throttle of their own."""
    if action == LOGIN:
        return UNLIMITED
    if action.startswith(FEED):
        return 1
    return 2 if action in HEAVY else 3


def is_peak(when: datetime) -> bool:
    local = when.astimezone(DENVER)
    return local.weekday() < SATURDAY and OPENS <= local.hour < CLOSES


def limit_of(tier: int, *, at_peak: bool) -> int | None:
    return LIMITS[tier][0 if at_peak else 1] if tier in LIMITS else None
