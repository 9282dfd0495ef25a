"""A pretend Twilio: takes text messages, says what becomes of them, and lets people answer."""

from simulators.twilio.simulator import TwilioSimulator

__all__ = ["TwilioSimulator"]
