"""What the image is made of is written down from its lock, whole, and by anybody the same."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from cyclonedx.model.bom import Bom

from tests.deployment.image import LOCK, ROOT
from tests.test_locks import requirements


def written() -> dict[str, Any]:
    told = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "docker" / "sbom.py", ROOT / LOCK], capture_output=True, check=True
    )
    return dict(json.loads(told.stdout))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return written()


def test_every_distribution_of_the_lock_is_in_it_with_its_hashes(document: dict[str, Any]) -> None:
    named = {f"{one['name']}=={one['version']}" for one in document["components"]}

    locked = {re.sub(r"\[.*?\]", "", line.split()[0]) for line in requirements(LOCK)}
    assert named == locked
    assert len(named) > 20
    assert [one["name"] for one in document["components"] if not one["hashes"]] == []


def test_it_is_cyclonedx_and_the_same_every_time(document: dict[str, Any]) -> None:
    read = Bom.from_json(document)  # type: ignore[attr-defined]

    assert len(read.components) == len(document["components"])
    assert written() == document
