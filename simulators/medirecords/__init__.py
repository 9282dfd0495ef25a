"""Medirecords, played from its document."""

from simulators.medirecords.knobs import Knobs
from simulators.medirecords.simulator import MedirecordsSimulator

__all__ = ["Knobs", "MedirecordsSimulator"]
