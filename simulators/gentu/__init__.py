"""Gentu, played from its document."""

from simulators.gentu.knobs import Knobs
from simulators.gentu.simulator import GentuSimulator

__all__ = ["GentuSimulator", "Knobs"]
