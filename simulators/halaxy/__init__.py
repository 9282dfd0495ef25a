"""Halaxy, played from its document."""

from simulators.halaxy.knobs import Knobs
from simulators.halaxy.simulator import LIMITS, HalaxySimulator

__all__ = ["LIMITS", "HalaxySimulator", "Knobs"]
