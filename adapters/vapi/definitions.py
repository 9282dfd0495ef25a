"""The tools as Vapi is told of them: only those a practice's desk can do and its features allow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from domain.desk import Ability

TIMEOUT_SECONDS = 20
DELAYED_MS = 5000
STARTED = "One moment, please."
DELAYED = "I am still looking, thank you for waiting."

Schema = Mapping[str, str]


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _number(description: str) -> Schema:
    return {"type": "number", "description": description}


WHO: Mapping[str, Schema] = {
    "firstName": _text("First name of the patient, as the caller says it."),
    "lastName": _text("Last name of the patient, as the caller says it."),
    "dateOfBirth": _text("Date of birth of the patient as YYYY-MM-DD."),
    "phoneOnRecord": _text("Number the practice has for the patient, only if it is asked for."),
}
DATE = _text("The day as YYYY-MM-DD or in the caller's words, such as Monday the 30th.")
TIME = _text("The time on the practice's own clock, such as 14:30 or 2:30 pm; no time zone.")
PROVIDER = _text("Name of the clinician, only if the caller asks for one.")
TYPE = _text("Kind of visit in a few words, such as cleaning or new patient exam.")
DURATION = _number("Minutes, only if the caller asks for a length.")
REASON = _text("Why, in the caller's words, only if they say so.")
REACHED: Mapping[str, Schema] = {
    "phone": _text("Telephone number, if it is not the one they call from."),
    "email": _text("E-mail address, if the caller gives one."),
    "street": _text("Street and number."),
    "city": _text("City."),
    "state": _text("State."),
    "zip": _text("ZIP code."),
}
RENAMED: Mapping[str, Schema] = {
    "newFirstName": _text("The first name from now on, if it has changed."),
    "newLastName": _text("The last name from now on, if it has changed."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One tool; any of its abilities is enough, and none means that it is always there.

    What it takes only with one of them stands in `choices`.
    """

    name: str
    description: str
    abilities: frozenset[Ability] = frozenset()
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    choices: Mapping[Ability, Mapping[str, Schema]] = field(default_factory=dict)

    def is_offered(self, abilities: Collection[Ability]) -> bool:
        return not self.abilities or not self.abilities.isdisjoint(abilities)

    def within(self, abilities: Collection[Ability]) -> Self:
        """As it is at a practice that can do these."""
        chosen = [some for ability, some in self.choices.items() if ability in abilities]
        every = {name: schema for some in chosen for name, schema in some.items()}
        return replace(self, properties={**every, **self.properties})


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        name="search-patients",
        description="Find the caller's patient record. Use it first, before anything for a"
        " patient. It says what to ask if the caller is not known by their number.",
        abilities=frozenset({Ability.SEARCH_PATIENTS}),
        properties={"query": _text("Name of the patient."), **WHO},
    ),
    Definition(
        name="get-patient-info",
        description="Tell a known patient about their record and their next appointments.",
        abilities=frozenset({Ability.SEARCH_PATIENTS}),
        properties=WHO,
    ),
    Definition(
        name="check-availability",
        description="Find free times. Offer only times that it answers.",
        abilities=frozenset({Ability.OPENINGS, Ability.BOOK}),
        properties={
            "date": DATE,
            "time": _text("A time, or morning or afternoon, if the caller has a wish."),
            "type": TYPE,
            "provider": PROVIDER,
            "duration": DURATION,
        },
        required=("date",),
    ),
    Definition(
        name="book-appointment",
        description="Book one appointment at a time the caller has agreed to. It is booked only"
        " if the answer says that it is confirmed.",
        abilities=frozenset({Ability.BOOK}),
        properties={
            "date": DATE,
            "time": TIME,
            "type": TYPE,
            "provider": PROVIDER,
            "duration": DURATION,
            "reason": REASON,
            **WHO,
        },
        required=("date", "time", "type"),
    ),
    Definition(
        name="reschedule-appointment",
        description="Move an appointment of a known patient to another free time.",
        abilities=frozenset({Ability.RESCHEDULE}),
        properties={
            "currentDate": _text("The day the appointment is on now, if it is not the only one."),
            "currentTime": _text("The time it is at now, if there are several on that day."),
            "currentProvider": _text("Whom it is with now, if there are several on that day."),
            "newDate": DATE,
            "newTime": TIME,
            "provider": _text("Name of the clinician, only if the caller asks for another one."),
            "reason": REASON,
            **WHO,
        },
        required=("newDate", "newTime"),
    ),
    Definition(
        name="cancel-appointment",
        description="Cancel an appointment of a known patient, once they have said they are sure.",
        abilities=frozenset({Ability.CANCEL}),
        properties={
            "date": _text("The day the appointment is on, if it is not the only one."),
            "time": _text("The time it is at, if there are several on that day."),
            "provider": _text("Whom it is with, if there are several on that day."),
            "reason": REASON,
            **WHO,
        },
    ),
    Definition(
        name="create-patient",
        description="Register a new patient, or find the record there is already. Spell the last"
        " name back first.",
        abilities=frozenset({Ability.CREATE_PATIENT}),
        properties={**WHO, **REACHED},
        required=("firstName", "lastName", "dateOfBirth"),
    ),
    Definition(
        name="update-patient",
        description="Change what is on record of a known patient: only what can be given here.",
        abilities=frozenset({Ability.CHANGE_CONTACT, Ability.CHANGE_NAME}),
        properties=WHO,
        choices={Ability.CHANGE_CONTACT: REACHED, Ability.CHANGE_NAME: RENAMED},
    ),
    Definition(
        name="transfer-to-human",
        description="Connect the caller with somebody at the practice: when they ask for it, in an"
        " emergency, or when you cannot help.",
        properties={"reason": REASON},
    ),
    Definition(
        name="add-patient-note",
        description="Leave a message for the practice in a known patient's record.",
        abilities=frozenset({Ability.ADD_NOTE}),
        properties={"content": _text("The message."), "category": _text("Kind of note."), **WHO},
        required=("content",),
    ),
    Definition(
        name="get-patient-notes",
        description="Tell a known patient the newest notes in their record.",
        abilities=frozenset({Ability.READ_NOTES}),
        properties=WHO,
    ),
    Definition(
        name="get-insurance",
        description="Tell a known patient which insurance is on record.",
        abilities=frozenset({Ability.READ_INSURANCE}),
        properties=WHO,
    ),
    Definition(
        name="get-balance",
        description="Tell a known patient what they owe.",
        abilities=frozenset({Ability.READ_BALANCE}),
        properties=WHO,
    ),
    Definition(
        name="process-payment",
        description="Record a payment that was made already. It takes no money; never ask for a"
        " card number.",
        abilities=frozenset({Ability.RECORD_PAYMENT}),
        properties={
            "amount": _text("The amount paid, such as 120.50."),
            "method": _text("How it was paid: card, cash or check."),
            "last4": _text("The last four digits of the card."),
            "notes": _text("Anything to note with it."),
            **WHO,
        },
        required=("amount", "method"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Whose calls these are, where they are answered, and by which credential they are signed."""

    account_id: str
    base_url: str
    credential_id: str | None = None

    def server(self, path: str) -> dict[str, Any]:
        server = {"url": f"{self.base_url}{path}", "timeoutSeconds": TIMEOUT_SECONDS}
        return server | ({"credentialId": self.credential_id} if self.credential_id else {})


def offered(abilities: Collection[Ability]) -> list[Definition]:
    return [one.within(abilities) for one in DEFINITIONS if one.is_offered(abilities)]


def tool_json(definition: Definition, line: Line) -> dict[str, Any]:
    """What POST /tool takes. The account is a static parameter: no model can change it."""
    return {
        "type": "function",
        "function": {
            "name": definition.name,
            "description": definition.description,
            "parameters": {
                "type": "object",
                "properties": {name: dict(one) for name, one in definition.properties.items()},
                "required": list(definition.required),
            },
        },
        "server": line.server(f"/vapi/tools/{definition.name}"),
        "parameters": [{"key": "accountId", "value": line.account_id}],
        "messages": [
            {"type": "request-start", "content": STARTED},
            {
                "type": "request-response-delayed",
                "content": DELAYED,
                "timingMilliseconds": DELAYED_MS,
            },
        ],
    }
