"""Every question the vendor's document leaves open, each set to what the document assumes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    token_seconds: float = 3599
    is_paired: bool = True  # at the start, so a tenant id alone is enough to begin
    has_null_details: bool = False  # number, name and zone of every practice
    spent_code_status: int = 409
    unpaired_status: int = 404
    window: Literal["inclusive", "half-open", "overlap"] = "inclusive"
    order: Literal["none", "start"] = "none"  # "none" is by id, so by no clock
    keeps_cancelled: bool = True  # in lists; one by id is always there
    short_pages: float = 0.1  # share of pages with fewer rows than limit and a next
    cursor_seconds: float = 600
    type_reference: Literal["bare", "path"] = "bare"
    zulu: float = 0.0  # share of instants written with Z, not an offset
    side_list_gaps: float = 0.0  # share of patients left out of the included list
    unranked: float = 0.0  # share of patients whose contacts have no rank at all
    hidden_works: bool = False  # the practitioner hidden from the book has appointments
    counts_token_calls: bool = False  # against the rate limits
