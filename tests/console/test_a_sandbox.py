"""A day of a vendor's sandbox is read: `make live pms=gentu`, with its keys in the environment."""

import os
import shlex

import pytest

from adapters import pms
from tests.console.conftest import Clinic, Shell

pytestmark = pytest.mark.integration


def read(shell: Shell, vendor: str, *options: str) -> int:
    """How many appointments there are; one that cannot be read is a failure."""
    every = ("--map-all", "--all-appointments")
    added = shell.answer("connections", "add", vendor, *every, *options)
    run = shell.answer("sync", str(added["id"]), "--here", "--dry-run")

    assert (run["status"], run["rejected"], run["errors"]) == ("success", 0, [])
    return int(run["fetched"])


@pytest.mark.live
@pytest.mark.parametrize("vendor", sorted(pms.registered()))
def test_a_day_of_the_sandbox_is_read(vendor: str, shell: Shell) -> None:
    """Secrets come as PMS_SYNC_SECRET_<KEY>, the address as <VENDOR>_BASE_URL."""
    read(shell, vendor, *shlex.split(os.environ["LIVE_OPTIONS"]))


def test_a_practice_that_is_played_is_read_in_the_same_way(
    shell: Shell, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = clinic.simulator.credentials(clinic.site)
    monkeypatch.setenv("GENTU_BASE_URL", clinic.options[1])
    for key in ("client_id", "client_secret"):
        monkeypatch.setenv(f"PMS_SYNC_SECRET_{key.upper()}", str(credentials[key]))

    assert read(shell, "gentu", "--site", clinic.site) > 0
