"""Messages that bill somebody: nothing that keeps a book of appointments should send one."""

from xml.etree.ElementTree import Element

from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office
from simulators.truth import zulu


def bill(message: Message, office: Office) -> Element:
    """Written down for the judge; the book stays as it is."""
    office.charges.append({"at": zulu(office.clock.now()), "action": message.action})
    return Element("Results", visitid=str(len(office.charges)))
