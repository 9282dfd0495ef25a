"""Every question the vendor's document leaves open, each set to what the document assumes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    window: Literal["half-open", "inclusive"] = "half-open"  # the start is always inclusive
    order: Literal["none", "start"] = "none"  # "none" is by id, so by no clock
    most_rows: int = 200
    oversize: Literal["clamp", "refuse"] = "clamp"  # a size above the most
    keeps_cancelled: bool = True  # in lists; one by id is always there
    drift: float = 0.0  # share of later pages before which somebody changes the book
    uncovered_status: int = 403  # for a practice the token does not cover
    covers_all: bool = False  # one token for every practice
    limit_per: Literal["practice", "application"] = "practice"
    interval_shape: Literal["data", "list", "concept"] = "data"
    created_status: int = 201
    tells_zone: bool = False  # in the practice's details
    gap_times: float = 0.0  # share of rows in the hour clocks skip that say the skipped time
    first_available: float = 0.05  # share of rows for whichever doctor is free
    stray_links: float = 0.05  # share of rows of other types that carry telehealth links
    # What follows shapes the world when it is made and not afterwards.
    null_patients: bool = True  # rows without anybody; typed non-null, to be tolerated
    odd_statuses: bool = True  # codes outside 2 to 8
    tells_no_show: bool = False  # 8 with a reason that is kept for it
    has_long_row: bool = True  # one procedure of four hours a day
    hidden_works: bool = False  # the practitioner hidden from the book has appointments
