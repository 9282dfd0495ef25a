"""What a write needs and which words it may use, as each practice tells.

The document names the list and its filters; what it is made of is made up.
"""

from collections.abc import Iterator
from typing import Any

from simulators.sikka.asking import KINDS
from simulators.sikka.copies import Copy
from simulators.sikka.directory import NOTE_TYPES
from simulators.sikka.errors import Refused
from simulators.sikka.listing import Table, Values

Json = dict[str, Any]
TYPES = {"new_appointment": "appointment", "new_patient": "patient",
         "update_appointment": "update_appointment", "update_patient": "update_patient",
         "patch_appointment": "patch_appointment", "medical_note": "medical_note"}  # fmt: skip


def _details(copy: Copy, values: Values) -> Iterator[Json]:
    asked = values["writeback_type"]
    kind = next((each for each in KINDS.values() if each.name == TYPES.get(asked)), None)
    if kind is None:
        raise Refused("API1026", "writeback_type is not known")
    persona = copy.location.persona
    words: dict[str, tuple[str, ...]] = {
        "required": (*kind.needs, *persona.needs.get(kind.name, ())),
        "status": tuple(persona.vocabulary) if kind.target == "appointment_sr_no" else (),
        "type": NOTE_TYPES if kind.name == "medical_note" else (),
    }
    for category, items in words.items():
        for item in items:
            yield {
                "practice_id": copy.location.id,
                "writeback_type": asked,
                "category": category,
                "item": item,
            }


DETAILS = {
    "writeback_details": Table(
        rows=_details,
        render=lambda copy, row: dict(row),
        filters=("practice_id", "category", "item"),
        needs=("writeback_type",),
    )
}
