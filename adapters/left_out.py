"""What reaches no row of a connection: by its vendor's policy, and by the practice's choice."""

from collections.abc import Mapping
from typing import Any

from adapters import pms
from adapters.rest.minimised import withheld
from domain.minimising import Extra, chosen


def left_out(vendor: str, choice: frozenset[Extra]) -> frozenset[Extra]:
    """Of a vendor that is known no more, what the practice chose."""
    described = pms.registered().get(vendor)
    return choice if described is None else withheld(described) | choice


def at_first(vendor: str, settings: Mapping[str, Any]) -> list[str]:
    """What the rows of a new connection are empty of: it has none yet."""
    return sorted(one.value for one in left_out(vendor, chosen(settings)))
