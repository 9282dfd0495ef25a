"""Every question the vendor's document leaves open, each set to what the document assumes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    token_seconds: float = 900
    announced_seconds: int = 3600
    counts_token_calls: bool = False  # against the rate limit
    limit_per: Literal["key", "address"] = "key"
    oversize: Literal["refuse", "clamp"] = "refuse"  # a _count above 100
    order: Literal["none", "start"] = "none"  # without _sort; "none" is by id
    next_host: str = ""  # another host in `next`, to which no token may go
    auto_attends: bool = True  # booked becomes attended when the time comes
    location_type: Literal[
        "value", "valueCode", "valueString", "valueCoding", "name", "url", "none"
    ] = "value"
    silent_locations: float = 0.0  # share of rows without a location-type
    stray_telehealth: float = 0.05  # share of rows of other types that are by telehealth
    absentees: float = 0.15  # share of a group's patients who cancelled on their own
    absolute: float = 0.3  # share of references that are whole addresses
    utc: float = 0.5  # share of appointments whose times have the offset +00:00
    direct_practitioners: float = 0.0  # share of rows that name the person, not the role
    include_gaps: float = 0.1  # share of resources never included
    outcome_entries: float = 0.3  # share of pages with an OperationOutcome among the entries
    role_ids: Literal["own", "same", "clashing"] = "own"  # against the practitioners' ids
    webhook_retries: int = 3
    webhook_wait_seconds: float = 1.0  # before the first retry; each next waits as much longer
    webhook_copies: int = 1
    fires_for_api_writes: bool = False
    # What follows shapes the world when it is made and not afterwards.
    clinics: int = 1  # of one practice group
    external_practitioners: float = 0.0  # share whose ids begin with EP-, as external contacts' do
    hidden_works: bool = False  # the practitioner hidden from the book has appointments
