"""A desk that asks for a patient once in a while, and not for each tool of a call."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from adapters.storage.phone.cached import PatientCache
from domain.appointments import Appointment
from domain.desk import (
    Ability,
    Balance,
    Busy,
    Coverage,
    Note,
    Opening,
    Outcome,
    Paid,
    PatientCard,
    PatientQuery,
    PracticeDesk,
    Receipt,
    Shift,
)
from domain.errors import SyncError
from domain.sources import Spend
from domain.window import Window
from domain.wishes import Write

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RememberingDesk(PracticeDesk):
    """Times, books and searches are asked for afresh; any write makes it forget everybody."""

    desk: PracticeDesk
    cache: PatientCache

    @property
    def abilities(self) -> frozenset[Ability]:
        return self.desk.abilities

    @property
    def held_as(self) -> str:
        return self.desk.held_as

    def patient(self, pms_id: str) -> PatientCard | None:
        kept = self.cache.read(pms_id)
        if kept is not None:
            return kept
        found = self.desk.patient(pms_id)
        # By the id that was asked for, or it is not found again.
        if found is not None and found.patient.pms_id == pms_id:
            self.cache.keep(found)
        return found

    def submit(self, write: Write) -> Receipt:
        """Forgets before anything leaves, and again whatever became of it.

        What came of the write counts for more than the second: nothing is kept for long.
        """
        self.cache.forget()
        try:
            return self.desk.submit(write)
        finally:
            try:
                self.cache.forget()
            except SyncError as trouble:
                log.warning("cache.not_forgotten", error_kind=trouble.kind)

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        return self.desk.search_patients(query)

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        return self.desk.appointments(window, patient_id=patient_id)

    def appointment(self, pms_id: str) -> Appointment | None:
        return self.desk.appointment(pms_id)

    def shifts(self, window: Window) -> Sequence[Shift]:
        return self.desk.shifts(window)

    def openings(self, window: Window) -> Sequence[Opening] | None:
        return self.desk.openings(window)

    def busy(self, window: Window) -> Sequence[Busy]:
        return self.desk.busy(window)

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        return self.desk.outcome(write, receipt)

    def find(self, write: Write) -> Outcome:
        return self.desk.find(write)

    def notes(self, patient_id: str) -> Sequence[Note]:
        return self.desk.notes(patient_id)

    def insurance(self, patient_id: str) -> Sequence[Coverage]:
        return self.desk.insurance(patient_id)

    def balance(self, patient_id: str) -> Balance | None:
        return self.desk.balance(patient_id)

    def last_payment(self, patient_id: str) -> Paid | None:
        return self.desk.last_payment(patient_id)

    def drain_spent(self) -> Sequence[Spend]:
        return self.desk.drain_spent()
