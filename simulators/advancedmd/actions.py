"""What messages may ask for, and the class each belongs to as far as it is documented."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from simulators.advancedmd import charges, patients, setup, visits
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office

API, MASTERFILES, CHARGES = "api", "masterfiles", "chargeentry"


@dataclass(frozen=True, slots=True)
class Action:
    answer: Callable[[Message, Office], Element]
    class_: str = ""  # not said for all


ACTIONS: Mapping[str, Action] = {
    "getschedulersetup": Action(setup.scheduler, MASTERFILES),
    "getappttypes": Action(setup.types, MASTERFILES),
    "lookupprofile": Action(setup.profiles),
    "lookupfacility": Action(setup.facilities),
    "lookuppatient": Action(patients.looked_up),
    "getdemographic": Action(patients.demographic),
    "getupdatedpatients": Action(patients.updated),
    "getdatevisits": Action(visits.of_day, API),
    "getupdatedvisits": Action(visits.updated, API),
    "getreminderappts": Action(visits.reminders, API),
    "addvisit": Action(charges.bill, CHARGES),
    "savecharges": Action(charges.bill),
    "updvisitwithnewcharges": Action(charges.bill),
}
