"""The faults that are planted by hand to try the interleavings can still be planted."""

import pytest

from tests.voice.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_each_fault_still_has_its_one_place(mutant: Mutant) -> None:
    assert (ROOT / mutant.path).read_text().count(mutant.right) == 1
