"""add-patient-note: leaves a message for the practice in a proved patient's record."""

from domain.desk import Ability
from domain.tool_words import told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.wishes import NewNote
from workers.calls.arguments import arguments_of
from workers.calls.carrying import carried
from workers.calls.identity import the_patient

NAME = "add-patient-note"
ABILITIES = frozenset({Ability.ADD_NOTE})
PHI = ("notes",)
DONE = "The note is in the record."
WHAT = "What shall I write down for the practice?"


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None:
        return told_of(request, carried(request, again.write.wish), DONE, phi_fields=PHI)
    told = arguments_of(request)
    patient = the_patient(request, told)
    text = told.message("content", "note", "notes", "text", "message")
    if text is None:
        return ToolAnswer(text=WHAT)
    kind = told.text("category", "kind", "notetype")
    kept = carried(request, NewNote(patient_id=patient.id, text=text, note_kind=kind))
    return told_of(request, kept, DONE, phi_fields=PHI, patient_id=patient.id)
