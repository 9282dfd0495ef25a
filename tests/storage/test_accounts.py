"""An account is shown itself and its own people, whoever else there is."""

import pytest
from sqlalchemy import text

from infra.database import transaction
from tests.storage.rig import Rig

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("account", ["default", "other", "nobody", ""])
def test_an_account_sees_itself_and_its_own_people_only(rig: Rig, account: str) -> None:
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    for owner in ("default", "other"):
        people = "INSERT INTO users (account_id, name, role) VALUES (:owner, 'Sam', 'viewer')"
        rig.run(people, owner=owner)

    with transaction(rig.engine, account_id=account) as db:
        accounts = db.execute(text("SELECT id FROM accounts")).scalars().all()
        owners = db.execute(text("SELECT account_id FROM users")).scalars().all()

    assert accounts == owners == [one for one in ("default", "other") if one == account]
