"""Every question the vendor's document leaves open, each set to what the document assumes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    # Logins and tokens.
    token_seconds: float = 86_400
    login_seconds: float = 60  # between two logins of an office; 0 lets all in
    most_tries: int = 5  # wrong passwords before the account is locked
    many_tokens: bool = True  # else a new token ends the one before it
    tells_server_again: bool = False  # in the answer with the token too
    # The bill.
    refuses_excess: bool = False  # 429 instead of a cent
    tolerance_seconds: float = 0.0  # by which a minute may be short
    rest_tier: int = 3  # of all calls of REST; 0 is without a limit
    # Lists.
    most_records: int = 1000  # of a message's answer
    page_rows: int = 100  # of a patient lookup
    hides_moved: bool = True  # rows of status 5, from REST lists
    month_statuses: tuple[int, ...] = (0, 1, 2, 3, 10, 12)  # all a month view has; empty: every one
    view_from: Literal["start", "calendar"] = "start"  # where a week or month begins
    lone_row: Literal["object", "array"] = "object"
    visit_ids: Literal["own", "same"] = "own"  # of messages, against those of REST
    reminder_rows: Literal["reminder", "appt"] = "reminder"  # and the list is named after them
    starttimes: float = 0.9  # share of visits that say when they begin
    server_zone: str = "America/Denver"  # of servertime and lastupdated
    contacts: bool = True  # patients' telephones, e-mail and birth dates are told
    # Writes.
    per_slot: int = 1  # appointments a column takes at one time
    # What follows shapes the world when it is made and not afterwards.
    null_patients: bool = True  # rows without anybody
    second_types: float = 0.05  # share of rows of two appointment types
    hidden_works: bool = False
