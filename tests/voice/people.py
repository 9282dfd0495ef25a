"""Who calls the practices of a town, and who only has a record there; all are made up."""

from dataclasses import dataclass
from datetime import date

from simulators.records import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    first: str
    last: str
    born: date
    phone: str | None = None

    def patient(self, pms_id: str) -> Patient:
        phones = (self.phone,) if self.phone else ()
        return Patient(
            id=pms_id, first=self.first, last=self.last, phones=phones, born_on=self.born,
            email=f"{self.first.lower()}@example.org",
        )  # fmt: skip

    def words(self) -> set[str]:
        """What gives them away."""
        told = {self.first, self.last, self.born.isoformat(), str(self.born.year)}
        return told | ({self.phone, self.phone[-4:]} if self.phone else set())

    def claims(self, *, is_right: bool = True) -> dict[str, str]:
        born = self.born if is_right else self.born.replace(year=self.born.year - 1)
        return {"firstName": self.first, "lastName": self.last, "dateOfBirth": born.isoformat()}


ANN = Person(first="Annika", last="Amesbury", born=date(1985, 3, 2), phone="+12025550143")
BOB = Person(first="Bartholomew", last="Bakewell", born=date(1990, 7, 15), phone="+12025550178")
CLEO = Person(first="Cleopatra", last="Cranmore", born=date(1979, 1, 20), phone="+12025550190")
DORA = Person(first="Dorothea", last="Cranmore", born=date(2012, 6, 1), phone="+12025550190")
EVE = Person(first="Evangeline", last="Dunmore", born=date(1961, 12, 24))
TWIN = Person(first="Evangeline", last="Dunmore", born=date(1961, 12, 24))
FAY = Person(first="Florentine", last="Fernhill", born=date(1999, 9, 9))

ON_RECORD = (ANN, BOB, CLEO, DORA, EVE, TWIN)
STRANGER = "+12025550111"
NUMBERS = (ANN.phone, BOB.phone, CLEO.phone, STRANGER, None)
