"""What each endpoint of a practice answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from simulators.clinic import Clinic
from simulators.faults import Fault
from simulators.front import refusal, said
from simulators.gentu import shapes
from simulators.gentu.fragments import encode
from simulators.gentu.knobs import Knobs
from simulators.gentu.listing import Pages
from simulators.gentu.queries import BadQuery
from simulators.gentu.tenants import Tenant, details
from simulators.serving import Reply


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to one practice, taken apart."""

    tenant: Tenant
    pages: Pages
    values: dict[str, str]
    fault: Fault | None
    knobs: Knobs
    id: str = ""

    @property
    def clinic(self) -> Clinic:
        return self.tenant.clinic


def answer(route: "Route", asked: Asked) -> Reply:
    try:
        return route(asked)
    except BadQuery as problem:
        return refusal(HTTPStatus.BAD_REQUEST, str(problem))
    except KeyError:
        return NOT_FOUND


def _details(asked: Asked) -> Reply:
    return said(details(asked.tenant, asked.knobs))


def status(asked: Asked) -> Reply:
    """The health check answers for a disabled practice too."""
    return said({"status": asked.tenant.access})


def _practitioners(asked: Asked) -> Reply:
    return said([shapes.practitioner(each) for each in asked.clinic.practitioners.values()])


def _practitioner(asked: Asked) -> Reply:
    return said(shapes.practitioner(asked.clinic.practitioners[asked.id]))


def _sites(asked: Asked) -> Reply:
    return said(shapes.sites(asked.clinic.practitioners[asked.id]))


def _users(asked: Asked) -> Reply:
    return said([shapes.user(each) for each in asked.clinic.practitioners.values()])


def _types(asked: Asked) -> Reply:
    return said([shapes.appointment_type(each) for each in asked.clinic.types.values()])


def _appointments(asked: Asked) -> Reply:
    return Reply(body=asked.pages.read(asked.values, asked.fault))


def _appointment(asked: Asked) -> Reply:
    row = asked.clinic.appointments[asked.id]
    return Reply(body=asked.pages.fragments.appointment(row))


def _patient(asked: Asked) -> Reply:
    return Reply(body=asked.pages.fragments.patient(asked.clinic.patients[asked.id]))


def _referrals(asked: Asked) -> Reply:
    if not asked.values.get("patientId"):
        raise BadQuery("patientId is required")
    person = asked.clinic.patients[asked.values["patientId"]]
    return Reply(body=encode(asked.pages.referrals(person)))


Route = Callable[[Asked], Reply]
NOT_FOUND = refusal(HTTPStatus.NOT_FOUND, "Not found")
ROUTES: Mapping[tuple[str | None, bool, str], Route] = {
    (None, False, ""): _details,
    ("status", False, ""): status,
    ("practitioners", False, ""): _practitioners,
    ("practitioners", True, ""): _practitioner,
    ("practitioners", True, "/sites"): _sites,
    ("users", False, ""): _users,
    ("appointment-types", False, ""): _types,
    ("appointments", False, ""): _appointments,
    ("appointments", True, ""): _appointment,
    ("patients", True, ""): _patient,
    ("referrals", False, ""): _referrals,
}
