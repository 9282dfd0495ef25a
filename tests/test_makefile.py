"""The targets people and continuous integration rely on."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = ["help", "demo", "test", "cover", "setup", "lint", "check", "bench", "lock"]
TARGETS += ["fmt", "fast", "migration", "chaos", "soak", "security", "audit", "live", "pictures"]


def make(*arguments: str) -> str:
    finished = subprocess.run(  # noqa: S603 - our own targets
        ["make", *arguments],  # noqa: S607 - make is what the README asks for
        cwd=ROOT,
        env={
            name: value
            for name, value in os.environ.items()
            if "MAKE" not in name and name != "MFLAGS"
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


def test_help_says_what_every_target_does() -> None:
    listed = [line.split(maxsplit=2) for line in make("help").splitlines()]

    assert [target for _, target, _ in listed] == TARGETS


def test_make_alone_shows_the_help() -> None:
    assert make() == make("help")


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("demo", "pms-sync demo"),
        ("test", '-m "not live"'),
        ("lint", "lint-imports"),
        ("check", '-m "not live"'),
        ("cover", "--cov"),
        ("bench", "python -m bench"),
        ("chaos", "pytest -q -s tests/chaos/test_chaos.py"),
        ("chaos", "CHAOS=1000"),
        ("soak", "python -m tests.voice.mutants"),
        ("security", "SOAK=1"),
        ("security", "tests/security"),
        ("audit", "docker/sbom.py"),
        ("pictures", "SCREENSHOTS=docs/screenshots"),
    ],
)
def test_a_target_runs_what_it_says(target: str, command: str) -> None:
    assert command in make("--dry-run", target)


def test_continuous_integration_runs_the_check() -> None:
    script = ROOT / ".ci/run"

    assert script.stat().st_mode & 0o111
    assert script.read_text().endswith("exec make check\n")
