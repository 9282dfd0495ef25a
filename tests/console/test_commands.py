"""A command is loaded by its name, with what it needs and no more."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest
import typer

import console
from console.commands import PLACES
from tests.e2e.stack import ROOT

LOADED = """
import sys
from console import running
running.run([sys.argv[1], "--help"])
print(*sys.modules)
"""


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("scheduler", {"boto3", "fastapi", "producers", "workers.main", "console.demo"}),
        ("worker", {"boto3", "fastapi", "producers", "scheduler", "console.demo"}),
    ],
)
def test_a_process_loads_nothing_of_the_others(command: str, needless: set[str]) -> None:
    told = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", LOADED, command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(told.stdout.splitlines()[-1].split())
    assert "sqlalchemy" in loaded
    assert not needless & loaded


def test_every_module_with_commands_has_its_place() -> None:
    modules = [import_module(f"console.{one.name}") for one in iter_modules(console.__path__)]
    having = {
        one.__name__.removeprefix("console.")
        for one in modules
        if isinstance(getattr(one, "app", None), typer.Typer)
    }
    placed = {name for place in PLACES.values() for name in (place.module, *place.more)}

    assert having - {"running"} == placed
