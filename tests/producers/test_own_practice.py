"""The practice of a clinician who works at several: one and the same for everybody who asks."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import insert

from adapters.storage.practices.own_practice import practices_of, vendors
from adapters.storage.tables import pms_clinician_mappings, pms_connections
from tests.producers.conftest import Site
from tests.producers.test_two_way_edits import day
from tests.producers.two_way import TwoWayDay

pytestmark = pytest.mark.integration

__all__ = ["day"]


def _also_at(db: Db, site: Site, name: str, vendor: str, **values: object) -> None:
    """Another practice that the clinician works at, connected before the first."""
    made = {
        "id": uuid4(),
        "account_id": "default",
        "connector": vendor,
        "pms_type": vendor,
        "site": f"{vendor}-2",
        "display_name": f"Elsewhere at {vendor}",
        "timezone": "America/New_York",
        "state": "ACTIVE",
        "consecutive_failures": 0,
        "created_at": site.clock() - timedelta(days=900),
        **values,
    }
    db.execute(insert(pms_connections), made)
    db.execute(
        insert(pms_clinician_mappings),
        {
            "account_id": "default",
            "pms_connection_id": made["id"],
            "pms_practitioner_id": "9",
            "pms_practitioner_name": name,
            "run_sheet_clinician_id": site.column(name),
        },
    )


def test_a_practice_that_takes_nothing_or_is_in_setup_is_nobodys(day: TwoWayDay) -> None:
    name = "Dr Iris Imagined"
    whose = day.site.column(name)
    with day.site.everything() as db:
        _also_at(db, day.site, name, "gentu")
        _also_at(db, day.site, name, "advancedmd", state="SETUP_REQUIRED")

        found = practices_of(db, [whose, None])

    assert vendors() == ["advancedmd"]
    assert found == {whose: day.connection}


def test_of_two_that_take_changes_it_is_the_one_that_was_first(day: TwoWayDay) -> None:
    name = "Dr Iris Imagined"
    whose = day.site.column(name)
    with day.site.everything() as db:
        _also_at(db, day.site, name, "advancedmd")

        found = practices_of(db, [whose])

    assert found[whose] != day.connection
