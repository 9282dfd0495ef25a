"""What staff do at the vendor reaches the sheet by webhook, without a poll."""

import pytest

from tests.webhooks.practice import Practice

pytestmark = pytest.mark.integration


def test_a_cancellation_reaches_the_sheet_without_a_poll(clinic: Practice) -> None:
    pms_id = clinic.somebody()
    patient = clinic.truth()[pms_id]["patients"][0]["id"]

    clinic.change(pms_id, action="cancel")
    clinic.heard()
    clinic.work()

    assert clinic.rows()[pms_id, patient]["status"] == "cancelled"
    [delivery] = clinic.deliveries()
    assert (delivery["state"], delivery["note"]) == ("done", "changed")
