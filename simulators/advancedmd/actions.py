"""What messages may ask for, and the class each belongs to as far as it is documented."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from simulators.advancedmd import setup
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office

API, MASTERFILES = "api", "masterfiles"


@dataclass(frozen=True, slots=True)
class Action:
    answer: Callable[[Message, Office], Element]
    class_: str = ""  # not said for all


ACTIONS: Mapping[str, Action] = {
    "getschedulersetup": Action(setup.scheduler, MASTERFILES),
    "getappttypes": Action(setup.types, MASTERFILES),
    "lookupprofile": Action(setup.profiles),
    "lookupfacility": Action(setup.facilities),
}
