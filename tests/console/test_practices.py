"""Practices that are played and connected beside a service, as compose does."""

from collections.abc import Mapping
from typing import Any

import pytest

from console.practices import told
from console.wiring import wired
from tests.console.conftest import Shell, stored

pytestmark = pytest.mark.integration

ASKED_FOR = "SELECT count(*) FROM jobs WHERE connection_id IS NOT NULL"


def test_a_practice_is_connected_once_and_its_day_is_asked_for(
    shell: Shell, described: Mapping[str, Any], database_url: str
) -> None:
    with wired() as wiring:
        first = told(wiring, "gentu", described)
        asked = stored(database_url, ASKED_FOR)
        again = told(wiring, "gentu", described)

    connections = shell.answer("connections", "list")["connections"]
    assert [one["vendor"] for one in connections] == ["gentu"]
    assert connections[0]["state"] == "ACTIVE"
    assert f"connected as {connections[0]['name']}" in first
    assert again.endswith("connected earlier")
    assert asked == stored(database_url, ASKED_FOR) == 1
