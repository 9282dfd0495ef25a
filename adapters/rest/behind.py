"""What can be done at each PMS that a vendor stands before, as a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from adapters.rest.vendor import Vendor
from domain.desk import Ability

A = Ability
Can = frozenset[Ability]

OTHER = ""
"""Stands for every PMS that is not named."""


def behind_headings() -> Sequence[str]:
    return ["", *(heading for heading, _ in _COLUMNS)]


def behind_rows(vendor: Vendor) -> Sequence[Sequence[str]]:
    """One row for each PMS, the others last."""
    named = sorted(vendor.behind.items(), key=lambda one: (one[0] == OTHER, one[0].casefold()))
    return [[name or "any other", *(told(can) for _, told in _COLUMNS)] for name, can in named]


def behind_tables(vendors: Iterable[Vendor]) -> str:
    """As Markdown, for each vendor that stands before several."""
    return "".join(_table(one) for one in sorted(vendors, key=lambda one: one.title) if one.behind)


def behind_words(vendor: Vendor) -> Mapping[str, Sequence[str]]:
    """For programs: the names of what can be done, by PMS."""
    return {name or "*": sorted(can) for name, can in vendor.behind.items()}


def _table(vendor: Vendor) -> str:
    heads = behind_headings()
    lines = [heads, ["---"] * len(heads), *behind_rows(vendor)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return (
        f"\n## Behind {vendor.title}\n\nWhat callers and `/api/pms` can do, by the practice's own"
        f" PMS. What {vendor.title} says of a PMS goes before this.\n\n{table}"
    )


def _yes(ability: Ability) -> Callable[[Can], str]:
    return lambda can: "yes" if ability in can else "no"


def _each(**words: str) -> Callable[[Can], str]:
    """The words of those there are."""
    by = {Ability(name): word for name, word in words.items()}
    return lambda can: ", ".join(word for one, word in by.items() if one in can) or "no"


def _free(can: Can) -> str:
    if A.OPENINGS in can:
        return "listed"
    return "worked out from hours and book" if A.BOOK in can else "no"


_COLUMNS: Sequence[tuple[str, Callable[[Can], str]]] = (
    ("Find patients", _yes(A.SEARCH_PATIENTS)),
    ("Free times", _free),
    ("Book", _yes(A.BOOK)),
    ("Move", _yes(A.RESCHEDULE)),
    ("Cancel", _yes(A.CANCEL)),
    ("New patients", _yes(A.CREATE_PATIENT)),
    ("Change a patient", _each(change_name="name", change_contact="phone, e-mail, address")),
    ("Notes", _each(read_notes="read", add_note="added")),
    ("Insurance", _each(read_insurance="read", add_insurance="added")),
    ("Balance", _each(read_balance="read")),
    ("Payments", _each(record_payment="recorded")),
)
