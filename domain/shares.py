"""Who gets how much of an allowance that several share, and how even that is."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Holder = TypeVar("Holder", bound=Hashable)


def fair_shares(wanted: Mapping[Holder, float], capacity: float) -> Mapping[Holder, float]:
    """To each what it wants, as far as nobody gets more while another wants more than it has.

    What the modest leave over is shared by the rest, so that nothing is left while somebody waits.
    """
    shares: dict[Holder, float] = {}
    left, open_to = max(0.0, capacity), len(wanted)
    for holder, amount in sorted(wanted.items(), key=lambda one: one[1]):
        shares[holder] = min(max(0.0, amount), left / open_to)
        left -= shares[holder]
        open_to -= 1
    return shares


def jain(amounts: Collection[float]) -> float:
    """Jain's index: 1 where all have the same, 1/n where one of n has everything."""
    largest = max(amounts, default=0.0)
    if largest <= 0:
        return 1.0
    # Of parts of the largest: a sum of squares of very small or large numbers would be lost.
    parts = [amount / largest for amount in amounts]
    return float(sum(parts) ** 2 / (len(parts) * sum(part * part for part in parts)))
