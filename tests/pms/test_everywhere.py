"""A PMS that we release is everywhere it has to be: what is missing says what to do."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters import pms
from adapters.rest.vendor import Vendor

ROOT = Path(__file__).parents[2]
OURS = sorted(
    name for name, one in pms.modules().items() if one.__name__.startswith(f"{pms.__name__}.")
)
"""Not those of packages that are installed beside this one."""

FILES: Mapping[str, str] = {
    "tests/fixtures/pms/{name}.json": "record what it answers (docs/adding-a-pms.md, 4)",
    "tests/pms/test_{name}.py": "say in a test what only it does (docs/adding-a-pms.md, 5)",
    "simulators/{name}/__main__.py": "play it from its documents (docs/adding-a-pms.md, 6)",
}
OF_A_DESK: Mapping[str, str] = {
    "tests/fixtures/desks/{name}.json": "say how it is played (docs/adding-a-desk.md, 5)",
}
WORDS: Mapping[str, tuple[str, str]] = {
    "docs/capabilities.md": (
        "[{title}",
        "write it anew: pms-sync vendors --markdown > docs/capabilities.md",
    ),
    "docs/setup.md": ("| {title} |", "say in the first table what a practice has to bring"),
    "docs/configuration.md": ("`{NAME}_", "name the variables that begin with {NAME}_"),
    ".env.example": ("#{NAME}_BASE_URL=", "add it as a line to copy"),
    "README.md": ("{title}", "say under the limits how far it was tried"),
    "ARCHITECTURE.md": ("{title}", "name it beside adapters/pms/"),
    "infra/deploy/kubernetes/scaling.yaml": (
        "('{name}', ",
        "add its allowance to the table `fed`, or each of its practices counts for one thread",
    ),
}


def missing(vendor: Vendor) -> Iterator[str]:
    """One sentence for each place that has not heard of it."""
    named = {"name": vendor.name, "NAME": vendor.name.upper(), "title": vendor.title}
    for path, advice in {**FILES, **(OF_A_DESK if vendor.desk else {})}.items():
        if not (ROOT / path.format(**named)).exists():
            yield f"{path.format(**named)} is missing: {advice}."
    for path, (word, advice) in WORDS.items():
        if word.format(**named) not in (ROOT / path).read_text():
            yield f"{path} does not know {vendor.title}: {advice.format(**named)}."


@pytest.mark.parametrize("name", OURS)
def test_a_pms_of_ours_is_known_wherever_it_has_to_be(name: str) -> None:
    found = list(missing(pms.vendor(name)))

    assert not found, "\n".join(["", *found])
