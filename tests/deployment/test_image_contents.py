"""The image's own files, with the image's own distributions, start: nothing is left out of it."""

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.deployment.image import ROOT, copied, environment, ignored, lay_out

COMMANDS = (
    ("ingress",),
    ("worker",),
    ("scheduler",),
    ("migrate",),
    ("simulate", "practices"),
    ("doctor",),
)
EVERYTHING = """
import importlib, pkgutil, sys
from pathlib import Path
packages = [one.parent.name for one in Path().glob("*/__init__.py")]
for package in packages:
    found = pkgutil.walk_packages([package], f"{package}.")
    for module in found:
        parts = module.name.split(".")
        if parts[-1] not in ("__main__", "env") and "versions" not in parts:
            importlib.import_module(module.name)
import migrations
from adapters import pms
from producers.pages.rendering import ENVIRONMENT
names = ENVIRONMENT.list_templates()
for name in names:
    ENVIRONMENT.get_template(name)
print(len(sys.modules), len(names), migrations.newest(), *pms.registered())
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("image")
    lay_out(folder / "app")
    return environment(folder / "venv"), folder / "app"


def run(image: tuple[Path, Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    python, app = image
    return subprocess.run(  # noqa: S603 - our own command
        [python, "-s", *arguments],
        cwd=app,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(app),
            "PMS_SYNC_HOME": str(app.parent / "home"),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.e2e
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_starts_with_what_the_image_has(
    image: tuple[Path, Path], command: tuple[str, ...]
) -> None:
    told = run(image, "-m", "console.main", *command, "--help")

    assert told.returncode == 0, told.stderr
    assert "Usage: pms-sync" in told.stdout.replace("python -m console.main", "pms-sync")


@pytest.mark.e2e
def test_every_module_template_and_migration_is_in_the_image(image: tuple[Path, Path]) -> None:
    told = run(image, "-c", EVERYTHING)

    assert told.returncode == 0, told.stderr
    modules, templates, *rest = told.stdout.split()
    assert int(modules) > 500
    assert int(templates) > 10
    assert {"gentu", "sikka"} <= set(rest)


def test_no_test_no_secret_and_no_tool_gets_into_the_image() -> None:
    inside = {str(where) for _, where in copied()}
    tops = {one.partition("/")[0] for one in inside}

    assert tops.isdisjoint({"tests", "bench", ".git", ".env", ".local", ".venv", "docs"})
    assert not [one for one in inside if one.endswith((".pyc", ".key", ".pem", ".tfvars"))]
    assert not [one for one in inside if one.startswith("infra/deploy/")]


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("infra/settings.py", False),
        ("infra/deploy/terraform/main.tf", True),
        ("infra/__pycache__/settings.cpython-313.pyc", True),
        (".env", True),
        ("tests/conftest.py", True),
    ],
)
def test_the_ignore_file_is_read_as_docker_reads_it(path: str, left_out: bool) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert ignored(PurePosixPath(path), rules) is left_out
