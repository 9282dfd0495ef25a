"""The control endpoints under /_sim/: for judges, tests and demos, never for a client."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from simulators.arrivals import as_json
from simulators.chance import chance, new_id
from simulators.clinic import Clinic
from simulators.faults import Fault, Script
from simulators.front import Front, Latency, refusal, said
from simulators.life import live
from simulators.limits import Verdict, read_limits
from simulators.records import Appointment, Attendee, Meaning
from simulators.serving import Reply, Request
from simulators.truth import record, truth

PREFIX = "/_sim/"
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    front: Front

    def answer(self, request: Request) -> Reply:
        """Vendor requests go through the front door; ours go round it."""
        if not request.path.startswith(PREFIX):
            return self.front.answer(request)
        try:
            return self.front.vendor.control(request) or self._route(request)
        except (KeyError, ValueError, TypeError, re.error) as problem:
            message = f"{type(problem).__name__}: {problem}"
            return refusal(HTTPStatus.BAD_REQUEST, message)

    def _route(self, request: Request) -> Reply:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        route = ROUTES.get((request.method, name))
        if route is None:
            return refusal(HTTPStatus.NOT_FOUND, f"no control endpoint {request.path}")
        return said(route(self.front, Call(request.values(), read_body(request), rest)))


@dataclass(frozen=True, slots=True)
class Call:
    query: dict[str, str]
    body: Body
    rest: str

    def tenant(self, front: Front) -> str:
        """The tenant named, or the first."""
        named = self.query.get("tenant") or self.body.get("tenant")
        return str(named or next(iter(front.vendor.clinics)))


def read_body(request: Request) -> Body:
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise TypeError("the body is a JSON object")
    return body


def _truth(front: Front, call: Call) -> Body:
    tenant = call.tenant(front)
    return {"tenant": tenant, **truth(front.vendor.clinics[tenant], front.vendor.wording)}


def _changes(front: Front, call: Call) -> Body:
    clinic = front.vendor.clinics[call.tenant(front)]
    since = int(call.query.get("since", "0"))
    with clinic.lock:
        changes = [asdict(each) for each in clinic.changes if each.version > since]
        return {"version": clinic.version, "changes": changes}


def _requests(front: Front, call: Call) -> Body:
    return {"requests": [as_json(each) for each in front.arrivals.all()]}


def _clear_requests(front: Front, call: Call) -> Body:
    front.arrivals.clear()
    return {"requests": []}


def _violations(front: Front, call: Call) -> Body:
    """Judged by `limit=60/60,1000/3600`, or those enforced, or the caution the document gives."""
    named = call.query.get("limit")
    limits = read_limits(named.split(",")) if named else front.limits or front.documented
    tolerance = float(call.query.get("tolerance_ms", "0")) / 1000
    verdicts = front.arrivals.violations(limits, tolerance=tolerance)
    return {
        "violations": sum(each.violations for each in verdicts),
        "limits": [_verdict(each) for each in verdicts],
    }


def _verdict(verdict: Verdict) -> Body:
    return {**asdict(verdict), "limit": str(verdict.limit)}


def _faults(front: Front, call: Call) -> Body:
    return {
        "dial": front.faults.dial,
        "scripts": [
            {"fault": each.fault.name, "path": each.path.pattern, "times": each.times}
            for each in front.faults.scripts
        ],
    }


def _set_faults(front: Front, call: Call) -> Body:
    if "seed" in call.body:
        front.faults.reseed(call.body["seed"])
    front.faults.turn(call.body.get("dial", {}))
    for each in call.body.get("scripts", []):
        front.faults.script(_script(dict(each)))
    return _faults(front, call)


def _script(told: Body) -> Script:
    path, times, after = told.pop("path", ""), told.pop("times", 1), told.pop("after", 0)
    fault = Fault(name=told.pop("fault"), **told)
    return Script(fault=fault, path=re.compile(path), times=int(times), after=int(after))


def _clear_faults(front: Front, call: Call) -> Body:
    front.faults.clear()
    return _faults(front, call)


def _live(front: Front, call: Call) -> Body:
    tenant = call.tenant(front)
    clinic = front.vendor.clinics[tenant]
    live(clinic, int(call.body.get("changes", 1)), call.body.get("seed", clinic.version))
    return {"tenant": tenant, "version": clinic.version}


def _limits(front: Front, call: Call) -> Body:
    if "limits" in call.body:
        front.set_limits(read_limits(call.body["limits"] or ()))
    front.retry_after = str(call.body.get("retry_after", front.retry_after))
    return {"limits": [str(each) for each in front.limits], "retry_after": front.retry_after}


def _latency(front: Front, call: Call) -> Body:
    milliseconds, jitter = call.body.get("ms", 0), call.body.get("jitter_ms", 0)
    front.latency = Latency(float(milliseconds) / 1000, float(jitter) / 1000)
    return {"ms": milliseconds, "jitter_ms": jitter}


def _add(front: Front, call: Call) -> Body:
    """Book somebody: the patient, type and practitioner are the first ones unless named."""
    clinic = front.vendor.clinics[call.tenant(front)]
    rng = chance("booking", clinic.version, len(clinic.appointments))
    patients = call.body.get("patient_ids") or [next(iter(clinic.patients))]
    appointment = Appointment(
        id=call.body.get("id") or new_id(rng),
        practitioner_id=call.body.get("practitioner_id") or clinic.practice.at_work[0].id,
        start=_instant(call.body["start_utc"]),
        minutes=int(call.body.get("minutes", 15)),
        attendees=tuple(Attendee(clinic.patients[each].id) for each in patients),
        type_id=call.body.get("type_id", next(iter(clinic.types))),
        notes=call.body.get("notes"),
    )
    added = clinic.add(appointment)
    return record(clinic, added, front.vendor.wording)


def _edit(front: Front, call: Call) -> Body:
    """Do one named thing to one appointment, in the tenant named, or whichever has it.

    Two practices may number their appointments alike.
    """
    named = call.body.get("tenant")
    clinic = front.vendor.clinics[named] if named else _clinic_with(front, call.rest)
    with clinic.lock:
        ACTIONS[call.body["action"]](clinic, clinic.appointments[call.rest], call.body)
        edited = clinic.appointments.get(call.rest)
        version = {"version": clinic.version}
        if edited is None:
            return {**version, "id": call.rest, "deleted": True}
        return {**version, **record(clinic, edited, front.vendor.wording)}


def _clinic_with(front: Front, appointment_id: str) -> Clinic:
    for clinic in front.vendor.clinics.values():
        if appointment_id in clinic.appointments:
            return clinic
    raise KeyError(appointment_id)


def _reschedule(clinic: Clinic, found: Appointment, body: Body) -> None:
    if "start_utc" in body:
        clinic.reschedule(found.id, _instant(body["start_utc"]))
    else:
        clinic.reschedule(found.id, found.start + timedelta(minutes=float(body["minutes"])))


def _instant(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("an instant has an offset or ends in Z")
    return when.astimezone(UTC)


def _rename(clinic: Clinic, found: Appointment, body: Body) -> None:
    clinic.rename(found.attendees[0].patient_id, body.get("first"), body["last"])


ACTIONS: dict[str, Callable[[Clinic, Appointment, Body], None]] = {
    "reschedule": _reschedule,
    "move": lambda clinic, found, body: clinic.reassign(found.id, body["practitioner_id"]),
    "cancel": lambda clinic, found, body: clinic.cancel(found.id),
    "delete": lambda clinic, found, body: clinic.delete(found.id),
    "arrive": lambda clinic, found, body: clinic.arrive(found.id),
    "status": lambda clinic, found, body: clinic.mark(found.id, Meaning(body["meaning"])),
    "notes": lambda clinic, found, body: clinic.annotate(found.id, body["notes"]),
    "rename": _rename,
    "phone": lambda clinic, found, body: clinic.rephone(
        found.attendees[0].patient_id, body["phone"]
    ),
}
ROUTES: dict[tuple[str, str], Callable[[Front, Call], Body]] = {
    ("GET", "truth"): _truth,
    ("GET", "changes"): _changes,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
    ("GET", "violations"): _violations,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _set_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "live"): _live,
    ("POST", "limits"): _limits,
    ("POST", "latency"): _latency,
    ("POST", "appointments"): lambda front, call: (_edit if call.rest else _add)(front, call),
}
