"""The account's features, switched by hand."""

import pytest

from tests.browser.conftest import Browse

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_a_feature_is_switched_and_the_others_stay_whoever_switched_them(browse: Browse) -> None:
    found = browse("features")

    assert found["now"] == found["reloaded"]
    assert found["now"] == {
        "voice_booking": False,
        "sheet_pushes": True,
        "patient_cache": False,
        "reference_cache": True,
    }
    assert found["wide"] == [320, 320]
    assert found["trouble"] == []
