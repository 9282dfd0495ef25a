"""Which PMSs people may choose: not those that have a panel of their own, nor those to come."""

from collections.abc import Mapping

from adapters import pms
from adapters.rest.vendor import Vendor
from domain.errors import BadInput

COMING_SOON: Mapping[str, str] = {"kolla": "Kolla"}
ELSEWHERE = frozenset({"sikka"})


def offered() -> Mapping[str, Vendor]:
    found = pms.registered().items()
    return {name: one for name, one in found if name not in ELSEWHERE and name not in COMING_SOON}


def chosen(name: str) -> Vendor:
    """The PMS of that name, if it can be connected here."""
    if name in COMING_SOON:
        raise BadInput(f"{COMING_SOON[name]} is coming soon; it cannot be connected yet.")
    if name not in offered():
        known = ", ".join(sorted(offered()))
        raise BadInput(f"This PMS cannot be connected here; choose one of {known}.")
    return offered()[name]
