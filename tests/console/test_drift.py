"""The drift report at the command line."""

import pytest
from sqlalchemy import create_engine, text

from tests.console.conftest import Shell

pytestmark = pytest.mark.integration


def test_what_a_pms_sent_beyond_its_description_is_told(
    shell: Shell, connected: str, database_url: str
) -> None:
    assert "as described" in shell("connections", "drift", connected).out
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(
            text(
                "INSERT INTO pms_drift (account_id, pms_connection_id, what, times)"
                " SELECT account_id, id, 'status:waitlist', 4 FROM pms_connections"
            )
        )
    engine.dispose()

    (told,) = shell.answer("connections", "drift", connected)["drift"]

    assert told["what"] == "status:waitlist" and told["times"] == 4
    assert told["sentence"].startswith("The PMS used the status")
    assert "waitlist" in shell("connections", "drift", connected).out
