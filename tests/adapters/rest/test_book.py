"""A desk's book: what is not told whole is not known."""

import pytest

from adapters.rest.book import Book
from domain.errors import Transient
from tests.contract.kit import Fixture, Stage, fixture, with_first_page

TOLD = fixture("halaxy")


def book(told: Fixture) -> Book:
    stage = Stage(told)
    return Book(told.vendor, told.connection, secrets=told.told["secrets"], ports=stage.ports)


def test_nobody_is_offered_a_time_of_days_that_were_not_told_whole() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    cut = with_first_page(
        TOLD, lambda body: {**body, "entry": [*body["entry"], {"resource": outcome}]}
    )

    assert book(TOLD).appointments(TOLD.window)
    with pytest.raises(Transient, match="has not told all"):
        book(cut).appointments(TOLD.window)
