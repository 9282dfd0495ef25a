"""get-patient-notes: the newest notes in a proved patient's record, shortly."""

from datetime import UTC, datetime

from domain.desk import Ability, Note
from domain.speech import said_day
from domain.tools import ToolAnswer, ToolRequest
from domain.window import local_day
from workers.calls.arguments import arguments_of
from workers.calls.identity import who_is_meant

NAME = "get-patient-notes"
ABILITIES = frozenset({Ability.READ_NOTES})
PHI = ("notes",)
MOST = 3
LONGEST = 200
NONE = "There are no notes in the record."
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def answer(request: ToolRequest) -> ToolAnswer:
    patient = who_is_meant(request, arguments_of(request))
    notes = sorted(request.desk.notes(patient.id), key=lambda one: one.at or LONG_AGO, reverse=True)
    said = " ".join(_said(request, one) for one in notes[:MOST])
    return ToolAnswer(text=said or NONE, phi_fields=PHI, patient_id=patient.id)


def _said(request: ToolRequest, note: Note) -> str:
    timezone = request.connection.timezone
    today = local_day(request.now, timezone)
    when = f"{said_day(local_day(note.at, timezone), today=today)}: " if note.at else ""
    text = note.text if len(note.text) <= LONGEST else f"{note.text[:LONGEST].rstrip()} and so on"
    return f"{when.capitalize() if when[:1].islower() else when}{text.rstrip('.')}."
