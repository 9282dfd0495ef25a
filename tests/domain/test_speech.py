"""A confirmation number is heard as it was said, however it is spelled out."""

import pytest

from domain.speech import heard_number, spelled


def test_a_number_is_heard_whole() -> None:
    said = f"It is booked. The confirmation number is {spelled('K7M2QP')}. Anything else?"

    assert heard_number(said) == "K7M2QP"


@pytest.mark.parametrize(
    "said", ["That time is not free.", "The confirmation number is not known yet."]
)
def test_where_none_is_said_none_is_heard(said: str) -> None:
    assert heard_number(said) is None
