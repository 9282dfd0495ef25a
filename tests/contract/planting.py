"""Runs checks of a desk on one that has a fault, as a process of the tree it stands in.

Says as JSON, for each fault, whether the check of it has found it.
"""

import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from adapters.pms import vendor
from adapters.rest.vendor import Vendor
from tests.contract.desks import played
from tests.contract.test_every_desk import checks_of


def planted(name: str, before: str, after: str) -> Vendor:
    """The vendor with a desk that reads otherwise in one place."""
    desk = import_module(f"adapters.{name}.desk")
    source = Path(str(desk.__file__)).read_text()
    assert source.count(before) == 1, f"there is not one of:\n{before}"
    module = ModuleType(desk.__name__)
    exec(compile(source.replace(before, after), "desk", "exec"), vars(module))  # noqa: S102
    opens = getattr(module, vendor(name).desk.__name__)  # type: ignore[union-attr]
    return replace(vendor(name), desk=opens)


def is_found(described: Vendor, by: str) -> bool:
    (check,) = [one for one in checks_of(described) if one.__name__ == by]
    with played(described.name, described=described) as practice:
        try:
            check(practice)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever shows it
            return True
    return False


if __name__ == "__main__":
    name, faults = sys.argv[1], json.loads(sys.argv[2])
    found = {what: is_found(planted(name, *change), by) for what, (by, *change) in faults.items()}
    # The last line: what is logged goes there, too.
    sys.stdout.write(f"\n{json.dumps(found)}\n")
