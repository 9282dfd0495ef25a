"""Which PMSs people may choose: not those that have a panel of their own, nor those to come."""

from collections.abc import Mapping

from adapters import pms
from adapters.pms_to_come import COMING_SOON, refuse
from adapters.rest.vendor import Vendor
from domain.errors import BadInput

ELSEWHERE = frozenset({"sikka"})


def offered() -> Mapping[str, Vendor]:
    found = pms.registered().items()
    return {name: one for name, one in found if name not in ELSEWHERE and name not in COMING_SOON}


def chosen(name: str) -> Vendor:
    """The PMS of that name, if it can be connected here."""
    if name not in offered():
        refuse(name)
        known = ", ".join(sorted(offered()))
        raise BadInput(f"This PMS cannot be connected here; choose one of {known}.")
    return offered()[name]
