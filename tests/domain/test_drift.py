"""Sentences for what a PMS sends that its description does not know."""

from datetime import UTC, datetime

import pytest

from domain.drift import Drift, sentence


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("status:tentative", "used the status “tentative”"),
        ("status:unprintable", "not a plain word"),
        ("missing:participant", "without “participant”"),
        ("duration:disagrees", "go by the end"),
        ("listing:short", "before giving all it had counted"),
        ("listed:twice", "what was changed last there"),
        ("practitioner:unresolved", "says nothing about"),
        ("unreadable:minutesDuration", "came with a “minutesDuration” that cannot be read"),
        ("colour:odd", "do not know: colour:odd"),
        ("odd", "do not know: odd"),
    ],
)
def test_each_kind_of_drift_is_told_in_a_sentence(what: str, said: str) -> None:
    told = sentence(what)

    assert said in told
    assert told.endswith(".")


def test_a_drift_knows_its_sentence() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)

    drift = Drift(what="status:new", times=2, first_seen_at=at, last_seen_at=at)

    assert drift.sentence == sentence("status:new")
