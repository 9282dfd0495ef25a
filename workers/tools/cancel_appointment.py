"""cancel-appointment: one appointment of a proved patient, the one that is meant."""

from domain.desk import Ability
from domain.errors import BadInput
from domain.tool_words import not_yet, told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.wishes import Cancellation
from workers.calls.arguments import arguments_of
from workers.calls.carrying import carried
from workers.calls.identity import who_is_meant
from workers.calls.present import of_the_cancelled
from workers.calls.upcoming import said_appointment, the_appointment

NAME = "cancel-appointment"
ABILITIES = frozenset({Ability.CANCEL})
PHI = ("appointment_time",)
DONE = "The appointment is cancelled."


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None:
        return told_of(request, carried(request, again.write.wish), DONE, phi_fields=PHI)
    told = arguments_of(request)
    patient = who_is_meant(request, told)
    present = of_the_cancelled(told, request.connection)
    meant = the_appointment(request, told, patient, present, cancels=True)
    found = meant.appointment
    done = f"This appointment is cancelled: {said_appointment(request, found)}."
    if meant.cancellation is not None:
        return told_of(request, meant.cancellation, done, phi_fields=PHI, patient_id=patient.id)
    if meant.change is not None:
        raise BadInput(not_yet(request, meant.change))
    wish = Cancellation(
        appointment_id=found.pms_id,
        patient_id=patient.id,
        start=found.start,
        reason=told.text("reason", "cancellationreason", "notes"),
    )
    kept = carried(request, wish)
    return told_of(request, kept, done, phi_fields=PHI, patient_id=patient.id)
