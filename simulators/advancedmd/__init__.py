"""AdvancedMD, played from public accounts of it: medical offices in the United States."""

from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.simulator import AdvancedmdSimulator

__all__ = ["AdvancedmdSimulator", "Knobs"]
