"""Every question the vendor's document leaves open, each set to what the document assumes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    # Keys.
    key_seconds: float = 86_400
    hands_back: bool = True  # asking again while a key runs gives the same one
    many_keys: bool = True  # else a new key ends the one before it
    rotates_refresh_keys: bool = False
    unlicensed: tuple[str, ...] = ()  # endpoints outside the plan
    limit_per: Literal["office", "application"] = "office"
    daily_requests: int = 0  # an office and day; 0 is no quota
    daily_bytes: int = 0
    # Lists.
    empty: Literal["204", "items", "blank"] = "204"  # an empty list, or 200 without a body
    wrapped: tuple[str, ...] = ("writeback_status",)  # envelopes in a list of one
    link_host: str = ""  # of the paging links; the one asked when empty
    wild_last: bool = True  # the link to the last page is nonsense
    most_rows: int = 5000
    ignores_find: bool = False  # a filter of the query language, as if it had not been sent
    end: Literal["inclusive", "exclusive"] = "inclusive"  # of enddate
    drift: float = 0.0  # share of later pages before which the SPU changes the rows
    # The cloud's copy of the practice.
    refresh_seconds: float = 5.0  # between two refreshes; 0 reads the practice itself
    insert_seconds: float = 0.0  # after a refresh for which Data-Insert is in progress
    # Write-backs.
    fastest_write: float = 20.0
    slowest_write: float = 160.0
    failing: float = 0.0  # share the PMS refuses when it is their turn
    failure: str = "The practice management system did not accept the request"
    not_logged: float = 0.0  # share of PUT and PATCH that fail with HTTP 200 and API0008
    refuses_overlaps: bool = False  # same operatory or provider
    refuses_unseen_patients: bool = False  # those no refresh has copied yet
    refuses_duplicates: bool = False  # a patient of the same name and birth date
    tells_created: bool = True  # created_id in the status of a write-back
    patch_paths: tuple[str, ...] = (
        "status", "/status", "appointment_status", "/appointment_status",
    )  # fmt: skip
    description: str = "[A-Za-z0-9 ]*"  # no special characters
    writeback_zone: Literal["UTC", "practice"] = "UTC"  # of request_time and completed_time
    silent_seconds: float = 600.0  # before a lost-silent answer drops the line
    # What the practice says of its week; Monday is 0.
    closed_weekdays: tuple[int, ...] = (6,)
    # What follows shapes the world when it is made and not afterwards.
    practices: int = 2  # an office
    null_patients: bool = True  # rows without anybody
    hidden_works: bool = False
