"""What reaches no row of a connection: by its vendor's policy, and by the practice's choice."""

from adapters import pms
from adapters.rest.minimised import withheld
from domain.minimising import Extra


def left_out(vendor: str, chosen: frozenset[Extra]) -> frozenset[Extra]:
    """Of a vendor that is known no more, what the practice chose."""
    described = pms.registered().get(vendor)
    return chosen if described is None else withheld(described) | chosen
