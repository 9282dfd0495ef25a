"""No test runs a bench, so at least what each takes from the product has to be there."""

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = sorted(path.stem for path in (ROOT / "bench").glob("*.py"))
"""Not the peers, whose packages are in environments of their own."""


@pytest.mark.parametrize("name", OURS)
def test_a_bench_finds_what_it_measures(name: str) -> None:
    import_module(f"bench.{name}")
