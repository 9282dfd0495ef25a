"""A tool's arguments as models write them: any case, any shape, nothing of it trusted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

from adapters.phones import normalised, region_of
from domain.birthdays import heard_birthday
from domain.choosing import (
    beside_the_choice,
    leaves_it_to_us,
    most_alike,
    which_clinician,
    which_kind,
)
from domain.connections import Connection
from domain.errors import BadInput
from domain.hearing import (
    WHICH_TIME,
    check_zone,
    heard_beside,
    heard_clock,
    heard_day,
    heard_instant,
    heard_part,
    heard_time,
    names_day,
    says_day,
)
from domain.instants import Place, at, is_instant
from domain.lengths import heard_length
from domain.moving import outright
from domain.names import NOBODY, called, parted, suggestion
from domain.slots import BookingRules
from domain.speech import joined, said_day
from domain.spelling import family_unspelt, given_unspelt, number_unspelt, whole_unspelt
from domain.tools import ToolRequest
from domain.verification import Claim
from domain.window import zone

EARLIEST = re.compile(
    r"\b(earliest|soonest|asap|as (soon|early) as possible|(first|next) available|first thing)\b",
    re.IGNORECASE,
)
FIRST_THING = re.compile(r"\bfirst thing in the morning\b", re.IGNORECASE)
LONGEST, LONGEST_MESSAGE = 500, 2000
LONGEST_NUMBER = 40
SHORTER = "That is too long to be written down. Could you say it in a few sentences?"
MONTH_FIRST = frozenset({"US", "PH", "PR", "GU"})
NOTHING = frozenset(
    {"null", "none", "undefined", "n/a", "unknown", "unspecified"}
    | {f"not {one}" for one in ("given", "known", "provided", "specified", "available")}
)
"""What models fill in where a caller has not said it."""

NESTED = frozenset({"patient", "name", "appointment", "customer", "slot", "address"})

_SEVERAL = re.compile(r"\s+(?:or|and|and then)\s+", re.IGNORECASE)

ID = ("patientid", "patientpmsid")
ON_RECORD = ("phoneonrecord", "phone", "phonenumber")
START = ("starttime", "start", "startdatetime", "datetime", "appointmenttime", "slotstart", "when")
DATE = ("date", "day", "appointmentdate", "preferreddate", "startdate")
TIME = ("time", "preferredtime", "timeofday")
WEEKDAY = ("weekday", "dayofweek")
PROVIDER = ("provider", "providerid", "providername", "practitioner", "practitionerid", "doctor")
PROVIDER_TOO = ("practitionername", "dentist", "clinician", "with")
TYPE = ("type", "appointmenttype", "typeid", "appointmenttypeid", "service", "visittype")
MINUTES = ("duration", "durationminutes", "minutes", "length")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was given, by names without case, dashes and underscores; `caller` is in E.164."""

    given: Mapping[str, Any] = field(repr=False)
    place: Place
    region: str | None
    caller: str | None = field(default=None, repr=False)

    def text(self, *names: str) -> str | None:
        """The first of these that says something."""
        found = self._whole(*names)
        return found and found[:LONGEST]

    def message(self, *names: str) -> str | None:
        """As `text`, to its last word; a question where there is no room for all of it."""
        found = self._whole(*names)
        if found is not None and len(found) > LONGEST_MESSAGE:
            raise BadInput(SHORTER)
        return found

    def whole(self, *names: str) -> int | None:
        found = re.search(r"\d{1,6}", self.text(*names) or "")
        return int(found[0]) if found else None

    def phone(self, *names: str) -> str | None:
        """A number that can be dialled; a question where one was given that cannot."""
        told = self.text(*names)
        if told is None:
            return None
        raw = number_unspelt(told)
        found = normalised(raw, self.region).e164 if len(raw) <= LONGEST_NUMBER else None
        if found is None:
            raise BadInput("I did not get that telephone number. Could you say it again?")
        return found

    def email(self) -> str | None:
        raw = self.text("newemail", "email", "emailaddress")
        if raw is None:
            return None
        found = raw.replace(" at ", "@").replace(" dot ", ".").replace(" ", "").lower()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", found):
            raise BadInput("I did not get that e-mail address. Could you spell it?")
        return found

    def address(self) -> dict[str, str]:
        """Its parts, by the names desks use."""
        names = {
            "address_line1": ("street", "addressline1", "address"),
            "address_line2": ("addressline2", "apartment", "unit"),
            "city": ("city", "town"),
            "state": ("state", "province"),
            "zipcode": ("zip", "zipcode", "postalcode", "postcode"),
        }
        found = {part: self.text(*called) for part, called in names.items()}
        return {part: text for part, text in found.items() if text}

    def date_of_birth(self) -> date | None:
        raw = self.text("dateofbirth", "dob", "birthdate", "birthday", "birthdateiso")
        if raw is None:
            return None
        found = heard_birthday(raw, self.place)
        if found is None:
            raise BadInput("I did not understand the date of birth. Could you say it again?")
        return found

    def start(self) -> datetime | None:
        """When an appointment is wished for: in one argument, or as a day and a time."""
        day, clock, start = self.text(*DATE), self.text(*TIME), self.text(*START)
        self._require_one_day(day or start or "")
        if start is not None and day is not None and is_clock(start):
            start, clock = None, start
        if start is None and clock is not None and says_day(clock):
            start, clock = clock, None
        if start is not None:
            return self._agreeing(heard_instant(start, self.place), day, clock)
        if day is None:
            if clock is None:
                return None
            raise BadInput("Which day would you like?")
        if clock is None:
            return heard_instant(self.with_weekday(day), self.place)
        check_zone(clock, self.place)
        told = heard_clock(clock, day=day)
        # What stands beside a written date is as a model filled it in; the time is what was said.
        if not is_instant(day) and heard_beside(day) not in {None, told}:
            raise BadInput(WHICH_TIME)
        return at(heard_day(self.with_weekday(day), self.place), told, self.place)

    def moved_from(self, start: datetime) -> datetime | None:
        """As `new_start`, of what is at `start` now: told a time alone it stays on its day."""
        now = self._local(start)
        given = {
            name: outright(one, now) if isinstance(one, str) else one
            for name, one in self.given.items()
        }
        new = replace(self, given=given).of_the_new()
        said = {one for one in (new.text(*names) for names in (DATE, START, TIME)) if one}
        if len(said) == 1 and not names_day(clock := said.pop()):
            on = {"date": f"{now:%Y-%m-%d}", "weekday": self.text(*WEEKDAY)}
            new = replace(new, given={**on, "time": clock})
        return new.start()

    def new_start(self) -> datetime | None:
        """Where an appointment is to be moved to: called new, or just the time."""
        return self.of_the_new().start()

    def of_the_new(self) -> "Arguments":
        """As an appointment that is made is told: without where it is now."""
        names = {"newstart": "start", "newstarttime": "start", "newdatetime": "start"}
        names |= {"newdate": "date", "newday": "date", "newtime": "time"}
        new = {name: self.given[key] for key, name in names.items() if key in self.given}
        if "date" in new or not new:
            # Told new as a whole, any other time is the one it has now.
            present = {*START, *TIME} if {"time", "start"} & new.keys() else set()
            rest = {key: value for key, value in self.given.items() if key not in present}
            new = {**rest, **new}
        return Arguments(new, self.place, self.region)

    def beside(self, text: str) -> time | None:
        """The time that stands beside a day, on the practice's clock; midnight stands for none."""
        if not is_instant(text):
            check_zone(text, self.place)
            return heard_beside(text)
        clock = self._local(heard_instant(text, self.place)).time()
        return None if clock == time() else clock

    def _agreeing(self, start: datetime, day: str | None, clock: str | None) -> datetime:
        """What is told beside an instant is its own day, weekday and time, or it is asked about."""
        local = self._local(start)
        meant = heard_day(self.with_weekday(day or local.date().isoformat()), self.place)
        if meant != local.date():
            today = self.place.today
            both = joined([said_day(one, today=today) for one in (local.date(), meant)])
            raise BadInput(f"Which day do you mean, {both}?")
        if clock is None:
            return start
        check_zone(clock, self.place)
        exact, part = heard_time(clock, day=day or ""), heard_part(clock)
        is_other = exact is not None and exact != local.time()
        is_outside = exact is None and part is not None and not part[0] <= local.time() < part[1]
        if is_other or is_outside:
            raise BadInput(WHICH_TIME)
        return start

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(zone(self.place.timezone))

    def wants_earliest(self) -> bool:
        """Whoever does is told that one, and not a choice of the day."""
        said = " ".join(one for one in (self.text(*DATE), self.text(*TIME)) if one)
        words = FIRST_THING.sub("first thing", said)
        return bool(EARLIEST.search(words)) and heard_part(words) is None

    def day(self) -> date | None:
        """The day that is looked at, if one is named."""
        clock = self.text(*TIME)
        told = self.text(*DATE) or self.text(*START) or (clock if says_day(clock or "") else None)
        place = replace(self.place, offering=True)
        self._require_one_day(told or "")
        return heard_day(self.with_weekday(told), place) if told else None

    def _require_one_day(self, told: str) -> None:
        """Who names several in one breath is asked for the first of them."""
        parts, days = _SEVERAL.split(told), []
        try:
            place = replace(self.place, offering=True)
            days = [heard_day(one, place) for one in parts if len(parts) > 1]
        except BadInput:
            return
        if len(set(days)) > 1:
            both = joined([said_day(one, today=self.place.today) for one in days])
            raise BadInput(f"I can look at one day at a time. Which one first, {both}?")

    def claim(self) -> Claim:
        """Who the patient is said to be; `patient` may be an id or a name, models use it so."""
        who = self.text("patient", "name", "patientname", "fullname", "query", "search")
        is_name = who is not None and _is_name(who)
        given_id = self.text(*ID)
        first = self.text("firstname", "givenname", "patientfirstname", "first")
        last = self.text("lastname", "familyname", "surname", "patientlastname", "last")
        first, last = first and given_unspelt(first), last and family_unspelt(last)
        if first and last:
            first, last = parted(first, last)
        return Claim(
            patient_id=given_id or (None if who is None or is_name else _as_id(who)),
            first_name=first,
            last_name=last,
            full_name=whole_unspelt(who) if who and is_name else None,
            date_of_birth=self.date_of_birth(),
            phone=normalised(number_unspelt(self.text(*ON_RECORD) or ""), self.region).e164,
        )

    def minutes(self, type_id: str | None, connection: Connection, rules: BookingRules) -> int:
        """As told, else as long as such a visit takes, else as usual."""
        told = heard_length(self.text(*MINUTES) or "")
        if told is not None:
            return told
        known = connection.types.get(type_id or "")
        return (known.duration_minutes if known else None) or rules.default_minutes

    def practitioner(
        self, connection: Connection, names: Sequence[str] = (*PROVIDER, *PROVIDER_TOO)
    ) -> str | None:
        """The id of whom the caller wishes to see; a question where that is not clear."""
        told = self.text(*names)
        people = connection.practitioners
        if told is None or told in people:
            return told
        if leaves_it_to_us(told):
            return None
        found = suggestion(told, people)
        if found != NOBODY and found.match is not None:
            return found.match
        named = called(beside_the_choice(told, people.values()) or told, people)
        if len(named) == 1:
            return named[0]
        raise BadInput(which_clinician(told, [people[key] for key in named], list(people.values())))

    def type(self, connection: Connection) -> tuple[str | None, str | None]:
        """The id and the name of the kind of visit; an unknown one has only its name.

        It is asked about where the practice's system lists its kinds, each with its length. Where
        none has one, somebody has named a few by hand, and there may be any other.
        """
        told, types = self.text(*TYPE), connection.types
        if told is None or leaves_it_to_us(told):
            return None, None
        if told in types:
            return told, types[told].name
        found = most_alike(told, {key: one.name for key, one in types.items()})
        if found is not None:
            return found, types[found].name
        if any(one.duration_minutes for one in types.values()):
            raise BadInput(which_kind([one.name for one in types.values()]))
        return None, told

    def _whole(self, *names: str) -> str | None:
        for name in names:
            found = " ".join(_said(self.given.get(name)).split())
            if found and found.casefold() not in NOTHING:
                return found
        return None

    def with_weekday(self, day: str) -> str:
        """A weekday may come beside its date, to be held against it."""
        beside = self.text(*WEEKDAY)
        return f"{beside} {day}" if beside else day


def arguments_of(request: ToolRequest) -> Arguments:
    connection = request.connection
    region = region_of(connection.timezone)
    month_first = region is None or region in MONTH_FIRST
    place = Place(timezone=connection.timezone, now=request.now, month_first=month_first)
    caller = normalised(request.caller, region).e164 if request.caller else None
    return Arguments(dict(_flat(request.arguments)), place, region, caller)


def _flat(given: Mapping[str, Any], around: str = "") -> Iterator[tuple[str, Any]]:
    """Nesting is opened; what stands outside wins."""
    for name, value in given.items():
        if _is_nested(name, value):
            yield from _flat(value, name)
    yield from (
        (_key(name, around), value) for name, value in given.items() if not _is_nested(name, value)
    )


def _is_nested(name: Any, value: Any) -> bool:
    return isinstance(value, Mapping) and _key(name) in NESTED


def _key(name: Any, around: str = "") -> str:
    key = re.sub(r"[^a-z0-9]", "", str(name).lower())
    return f"{_key(around)}id" if key == "id" and around else key


def _said(value: Any) -> str:
    """Several are said one after another, so that none of them is passed over.

    Whoever or whatever has a name is called by that, and not by the id beside it.
    """
    if isinstance(value, Mapping):
        called = {_key(key): inner for key, inner in value.items()}
        return _said(called.get("name")) or _said(list(value.values()))
    if isinstance(value, list):
        return " and ".join(one for inner in value if (one := _said(inner)))
    return "" if isinstance(value, bool) or not isinstance(value, str | int | float) else str(value)


def is_clock(text: str) -> bool:
    """A time of day, and no day beside it."""
    return heard_time(text) is not None and not names_day(text)


def _is_name(text: str) -> bool:
    return "@" not in text and not any(one.isdigit() for one in text)


def _as_id(text: str) -> str | None:
    """Neither a name nor a number to dial nor an address."""
    looks_dialled = re.fullmatch(r"[+()\d .-]{7,}", text) is not None
    return None if "@" in text or looks_dialled else text
