"""Vapi, as far as a server of tools meets it: its tool API and the control of calls."""

from simulators.vapi.simulator import VapiSimulator

__all__ = ["VapiSimulator"]
