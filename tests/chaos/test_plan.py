"""The faults of a run are those of its table, the same for the same seed."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from simulators.faults import FAULTS
from tests.chaos import checker
from tests.chaos.plan import KINDS, LONG, SHORT, counts, planned
from tests.chaos.run import size

KNOWN_TO_THE_CHECKER = {"infra.sealing", "sqlalchemy"}


def test_the_two_runs_have_the_faults_of_the_table() -> None:
    assert (SHORT, LONG) == (62, 1000)
    assert counts(SHORT) == [one.short for one in KINDS]
    assert counts(LONG) == [one.long for one in KINDS]


@pytest.mark.parametrize("faults", [1, 10, 62, 100, 333, 1000, 2500])
def test_any_number_of_faults_is_shared_out_whole(faults: int) -> None:
    plan = planned(faults, seed=7)

    assert len(plan) == faults
    assert [Counter(one.kind for one in plan)[kind.name] for kind in KINDS] == counts(faults)
    assert all(0 <= one.at < 1 for one in plan)
    assert [one.at for one in plan] == sorted(one.at for one in plan)


def test_one_seed_is_one_plan() -> None:
    assert planned(62, seed=7) == planned(62, seed=7)
    assert planned(62, seed=7) != planned(62, seed=8)


def test_every_fault_of_a_vendor_is_one_the_simulators_know() -> None:
    named = {one["fault"] for kind in KINDS for one in kind.variants if "fault" in one}

    assert named <= set(FAULTS)


def test_the_load_grows_with_the_faults() -> None:
    small, whole = size(SHORT), size(LONG)

    assert sum(one.practices for one in whole.sorts) == 40
    assert whole.amount.rounds * 40 == 200
    assert (whole.amount.edits, whole.amount.readings, whole.amount.calls) == (300, 100, 2000)
    assert sum(one.practices * one.appointments for one in whole.sorts) >= 20_000
    assert sum(one.practices for one in small.sorts) == 8


def test_the_checker_knows_the_database_and_the_history_only() -> None:
    tree = ast.parse(Path(str(checker.__file__)).read_text("utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                for each in node.names}  # fmt: skip
    ours = {"adapters", "console", "domain", "infra", "producers", "scheduler", "workers",
            "simulators", "tests", "sqlalchemy"}  # fmt: skip

    assert {one for one in modules if str(one).split(".")[0] in ours} == KNOWN_TO_THE_CHECKER
