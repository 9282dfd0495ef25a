"""What GitHub runs: pinned, with no right it does not need, over files and targets that exist."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.deployment.image import ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
# YAML reads the bare word `on` as true.
WORKFLOWS: Mapping[str, Any] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
NAMES = sorted(WORKFLOWS)
MAY_WRITE = {"release/image": {"contents": "write", "packages": "write"}}
PINNED = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
IMAGES = re.compile(r"(?:hashicorp/terraform|prom/prometheus|gitleaks/gitleaks)\S*")
FILES = re.compile(r"\b(?:requirements[\w.]*\.lock|infra/deploy/\w+|tests/[\w/]+\.py)")


def jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job, about in workflow["jobs"].items():
            yield f"{name}/{job}", about


def test_the_four_that_are_promised_are_there() -> None:
    assert set(WORKFLOWS) == {"ci", "image", "release", "security"}


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(name: str) -> None:
    used = re.findall(r"uses: (.*)$", TEXTS[name], re.MULTILINE)

    assert used
    assert [one for one in used if not PINNED.fullmatch(one)] == []


@pytest.mark.parametrize("name", NAMES)
def test_images_that_are_run_have_a_version(name: str) -> None:
    images = re.findall(
        r"(?:hashicorp/terraform|prom/prometheus|gitleaks/gitleaks)\S*", TEXTS[name]
    )

    assert not [one for one in images if not re.search(r":v?\d+\.\d+", one)]


@pytest.mark.parametrize(("name", "job"), list(jobs()))
def test_a_job_ends_by_itself_and_holds_no_right_it_does_not_need(
    name: str, job: Mapping[str, Any]
) -> None:
    workflow = WORKFLOWS[name.partition("/")[0]]

    assert job["timeout-minutes"] <= 60
    assert workflow["permissions"] == {"contents": "read"}
    assert job.get("permissions", {}) == MAY_WRITE.get(name, {})
    checkouts = [one for one in job["steps"] if "checkout" in one.get("uses", "")]
    assert all(one["with"]["persist-credentials"] is False for one in checkouts)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_strangers_write_gets_into_a_command(name: str) -> None:
    for _, job in jobs():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
    assert "pull_request_target" not in TEXTS[name]


def test_what_is_tested_is_every_python_we_promise() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    matrix = WORKFLOWS["ci"]["jobs"]["check"]["strategy"]["matrix"]

    assert asked == f">={matrix['python'][0]}"
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {one["os"] for one in matrix["include"]} == {"macos-latest"}


@pytest.mark.parametrize("name", NAMES)
def test_targets_and_files_that_are_named_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z]+)", TEXTS[name])) <= targets
    assert [one for one in FILES.findall(TEXTS[name]) if not (ROOT / one).exists()] == []


def test_the_image_that_is_tried_is_the_one_of_the_compose_file() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    commands = re.findall(r"docker compose (?:up|exec) (.*)$", TEXTS["image"], re.MULTILINE)
    plain = [re.split(r" pms-sync| id | sh |\)", one)[0] for one in commands]
    named = {word for one in plain for word in one.split() if not re.match(r"-|\d|\\", word)}

    assert {"ingress", "practices"} <= named
    assert named <= set(services)
    assert services["prometheus"]["image"] in TEXTS["ci"]


def test_somebody_moves_what_is_pinned() -> None:
    told = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]

    assert {one["package-ecosystem"] for one in told} == {"github-actions", "docker", "terraform"}
    assert all((ROOT / one["directory"].lstrip("/")).is_dir() for one in told)


def test_the_secret_scan_lets_no_folder_out() -> None:
    lists = tomllib.loads((ROOT / ".gitleaks.toml").read_text())["allowlists"]
    paths = [re.compile(path) for one in lists for path in one.get("paths", [])]

    assert any(one.search("requirements.image.lock") for one in paths)
    assert not [one for one in paths if one.search("tests/conftest.py") or one.search(".env")]
