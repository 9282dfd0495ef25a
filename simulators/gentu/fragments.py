"""Encoded records, kept for as long as the truth they were made from stands."""

import json
from typing import Any

from simulators.clinic import Clinic
from simulators.gentu import shapes
from simulators.gentu.knobs import Knobs
from simulators.records import Appointment, Patient, Practitioner


def encode(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


class Fragments:
    """Records are frozen, so a fragment is fresh exactly while its record is the same object."""

    def __init__(self, clinic: Clinic, knobs: Knobs) -> None:
        self._zone = clinic.zone
        self._knobs = knobs
        self._kept: dict[str, tuple[object, bytes]] = {}

    def appointment(self, row: Appointment) -> bytes:
        kept = self._kept.get(row.id)
        if kept is None or kept[0] is not row:
            kept = (row, encode(shapes.appointment(row, self._zone, self._knobs)))
            self._kept[row.id] = kept
        return kept[1]

    def patient(self, person: Patient) -> bytes:
        kept = self._kept.get(person.id)
        if kept is None or kept[0] is not person:
            kept = (person, encode(shapes.patient(person, self._knobs)))
            self._kept[person.id] = kept
        return kept[1]

    def practitioner(self, person: Practitioner) -> bytes:
        return encode(shapes.practitioner(person))
