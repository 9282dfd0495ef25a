"""What an office's settings may be is told when they are entered, not when they are used."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters import chosen, drift_cures, pms
from adapters.advancedmd.login import REMEMBERED, Session
from domain.connections import Connection, KnownType
from domain.credentials import Token
from domain.drift import Drift
from domain.errors import BadInput, NeedsReconnect

OFFICE = pms.vendor("advancedmd")


def held(**more: Any) -> Connection:
    """An office whose columns and types were read."""
    return Connection(
        id=UUID(int=7 << 96),
        account_id="default",
        vendor="advancedmd",
        site="900123",
        timezone="America/New_York",
        practitioners={"16": "Dr Iris Imagined", "17": "Omar Supposed LCSW"},
        types={"77": KnownType(name="Visit")},
        **more,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"status_codes": "77=banana"}, "no 'banana'; the words are booked, confirmed"),
        ({"status_codes": "77"}, "the words are booked"),
        ({"status_codes": "=arrived"}, "20=completed; 21=no_show"),
        ({"columns": "main"}, "16,17"),
        ({"columns": "16,999"}, "no column 999; it has 16 (Dr Iris Imagined), 17"),
        ({"default_type": "nope"}, "no appointment type nope; it has 77 (Visit)"),
        ({"wire": "yaml"}, "wire is json or xml"),
        ({"reads": "soap"}, "reads is rest or xml"),
        ({"change_path": "/visits"}, "/scheduler/appointments/{id}"),
        ({"change_path": "/visits/../{id}"}, "/scheduler/appointments/{id}"),
        ({"change_path": "https://other.example/{id}"}, "/scheduler/appointments/{id}"),
        ({"change_path": "/visits/{site}/{id}"}, "/scheduler/appointments/{id}"),
        ({"scheduler_tier": "1"}, "scheduler_tier is 2 or 3"),
        ({"status_field": "status code"}, "such as statuscode"),
        ({"status_field": "duration"}, "such as statuscode"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        chosen.settings(OFFICE, given, held=held())

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {"status_codes": "77=arrived; 20=completed"},
        {"columns": "16, 17"},
        {"default_type": "77", "scheduler_tier": 2},
        {"change_path": "/scheduler/visits/{id}/details", "status_field": "apptstatus"},
        {"columns": "", "status_codes": None, "wire": "XML", "reads": "rest"},
    ],
)
def test_what_can_be_used_is_kept(given: dict[str, Any]) -> None:
    assert chosen.settings(OFFICE, given, held=held()).keys() == given.keys()


def test_columns_of_an_office_that_is_read_in_part_are_not_known() -> None:
    found = chosen.settings(OFFICE, {"columns": "18"}, held=held(settings={"columns": "16,17"}))

    assert found == {"columns": "18"}


def test_of_an_office_nobody_has_read_only_the_shape_is_held_against_it() -> None:
    assert chosen.settings(OFFICE, {"columns": "18", "default_type": "5"})
    with pytest.raises(BadInput, match="id of an appointment type"):
        chosen.settings(OFFICE, {"default_type": "nope"})


def test_a_refusal_that_is_remembered_says_since_when_and_a_fresh_one_does_not() -> None:
    at = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
    refusal = Token(value='{"refused": "the account is locked"}', expires_at=at + REMEMBERED)

    with pytest.raises(NeedsReconnect, match=r"^the account is locked$"):
        Session.of(refusal, now=at + timedelta(seconds=5))
    with pytest.raises(NeedsReconnect, match=r"remembered from 23 Nov 14:02 UTC.*enter the pass"):
        Session.of(refusal, now=at + timedelta(hours=3))


def test_an_unknown_status_names_its_cure_until_it_has_a_meaning() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    met = Drift(what="status:77", times=1, first_seen_at=at, last_seen_at=at)
    other = held(settings={"status_codes": "20=completed"})
    mapped = held(settings={"status_codes": "77=arrived"})

    told = drift_cures.sentence(met, OFFICE, other)
    since = drift_cures.sentence(met, OFFICE, mapped)
    elsewhere = drift_cures.sentence(met, replace(OFFICE, own_statuses=None), other)

    assert told.endswith(
        'pms-sync connections set 00000007 "status_codes=20=completed; 77=arrived"'
    )
    assert since.endswith("Since then status_codes says that it means arrived.")
    assert elsewhere == met.sentence
