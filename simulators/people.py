"""Invents the people of a practice; none of them exists."""

import random
import unicodedata
from dataclasses import replace
from datetime import date, timedelta

from simulators.chance import deal, happens, new_id
from simulators.records import Patient, Practitioner


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = words(
    "Ada Amelie Anh Arjun Beatrix Callum Chidi Clementine Dara Edda Fergus Freya Giulia Hamish "
    "Imogen Indira Jarrah Joaquin Kirra Leopold Lwazi Marguerite Mei Nerida Oisin Ottilie Pania "
    "Quentin Rangi Rosalind Saoirse Silvio Tamsin Thuy Ulrich Verity Wanda Xanthe Yusuf Zephyr"
)
ACCENTED_GIVEN = words("Zoë André Søren Łucja Nguyệt Jürgen Siân Åse Joaquín Renée")
FAMILY = words(
    "Abernethy Ashgrove Bellbird Brindabella Carrowmore Coolabah Dunmallow Eastmarch Fairweather "
    "Gellibrand Hollowell Ironbark Jindivick Kestrelman Larkspur Mallacoota Narracoorte Oakhanger "
    "Pemberlow Quamby Rosedene Silverwattle Thistlewood Underbool Venables Warrandine Yarrabend"
)
PARTICLES = ("van der Meulenburg", "de la Cruzeiro", "von Adlerstein", "da Silvestre", "al-Zahrawi")
APOSTROPHES = ("O'Brannigan", "D'Arcenay", "O\u2019Shaughlin", "N'Dourou")
ACCENTED = ("Müllerwald", "Nguyễnova", "Żelazkowa", "Çelikkaya", "Ibáñez-Peñalver", "Sørgaard")
SINGLE = ("Sukartono", "Thandiweka", "Madhurika", "Teukarno")
NAME_KINDS = {
    "plain": 70,
    "particle": 6,
    "apostrophe": 6,
    "accented": 8,
    "hyphen": 5,
    "single": 3,
    "upper": 2,
}
# Numbers set aside for fiction by the Australian and North American regulators.
AU_MOBILES = words(
    "491570006 491570110 491570156 491570157 491570158 491570159 491570313 491570737 491571266 "
    "491571491 491571804 491572549 491572665 491572983 491573087 491573770 491574118 491574632 "
    "491575254 491575789 491576398 491576801 491577426 491577644 491578148 491578888 491578957"
)
MOBILE_FORMS = ("0{a} {b} {c}", "0{a}{b}{c}", "+61 {a} {b} {c}", "+61{a}{b}{c}", "61{a}{b}{c}")
LANDLINE_FORMS = ("(03) 5550 {n}", "03 5550 {n}", "+61 3 5550 {n}", "035550{n}", "03-7010-{n}")
US_FORMS = (
    "({a}) 555-01{n}",
    "{a}-555-01{n}",
    "+1 {a} 555 01{n}",
    "{a}55501{n}",
    "1-{a}-555-01{n}",
)
US_AREAS = ("212", "310", "415", "617", "702", "808")
PREFIXES: dict[str | None, int] = {None: 50, "Mr": 15, "Ms": 15, "Mrs": 10, "Dr": 4, "Mx": 2}
GENDERS: dict[str | None, int] = {"female": 45, "male": 45, "unspecified": 5, None: 5}
SHIFTS = ((8, 18), (7, 15), (9, 17), (10, 19), (8, 13))
NIGHT, LATE = (0, 6), (16, 24)
ROLES: tuple[dict[str, object], ...] = (
    {"in_book": False},
    {"is_active": False},
    {"opens": NIGHT[0], "closes": NIGHT[1]},
    {"opens": LATE[0], "closes": LATE[1]},
)
EPOCH, OLDEST = date(2025, 1, 1), 36500


def patients(rng: random.Random, count: int, country: str) -> tuple[Patient, ...]:
    kinds = deal(rng, NAME_KINDS, count)
    return tuple(patient(rng, kind, country) for kind in kinds)


def patient(rng: random.Random, kind: str, country: str) -> Patient:
    first, last = _name(rng, kind)
    return Patient(
        id=new_id(rng),
        first=first,
        last=last,
        prefix=_one(rng, PREFIXES),
        gender=_one(rng, GENDERS),
        phones=tuple(phone(rng, country) for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 1, 2, 2)))),
        email=_email(rng, first, last) if happens(rng, 0.8) else None,
        born_on=EPOCH - timedelta(days=rng.randrange(OLDEST)) if happens(rng, 0.9) else None,
        is_deceased=happens(rng, 0.01),
    )


def _one(rng: random.Random, weights: dict[str | None, int]) -> str | None:
    return rng.choices(list(weights), list(weights.values()))[0]


def _name(rng: random.Random, kind: str) -> tuple[str | None, str]:
    first, last = rng.choice(GIVEN), rng.choice(FAMILY)
    return {
        "plain": (first, last),
        "particle": (first, rng.choice(PARTICLES)),
        "apostrophe": (first, rng.choice(APOSTROPHES)),
        "accented": (rng.choice(ACCENTED_GIVEN), rng.choice(ACCENTED)),
        "hyphen": (f"{first}-{rng.choice(GIVEN)}", f"{last}-{rng.choice(FAMILY)}"),
        "single": (None, rng.choice(SINGLE)),
        "upper": (first.upper(), last.upper()),
    }[kind]


def _email(rng: random.Random, first: str | None, last: str) -> str:
    local = ".".join(filter(None, (_ascii(first or ""), _ascii(last), str(rng.randrange(1000)))))
    return f"{local}@example.{rng.choice(('com', 'org', 'net'))}"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def phone(rng: random.Random, country: str) -> str:
    if country == "US":
        form = rng.choice(US_FORMS)
        return form.format(a=rng.choice(US_AREAS), n=f"{rng.randrange(100):02}")
    if happens(rng, 0.7):
        mobile = rng.choice(AU_MOBILES)
        return rng.choice(MOBILE_FORMS).format(a=mobile[:3], b=mobile[3:6], c=mobile[6:])
    return rng.choice(LANDLINE_FORMS).format(n=f"{rng.randrange(1000):04}")


def practitioners(rng: random.Random, count: int) -> tuple[Practitioner, ...]:
    """The last is hidden from the book, before it one inactive, one of nights, one of evenings."""
    roles = ROLES[: max(0, count - 1)]
    shifts: list[dict[str, object]] = [
        dict(zip(("opens", "closes"), SHIFTS[index % len(SHIFTS)], strict=True))
        for index in range(count - len(roles))
    ]
    return tuple(_practitioner(rng, role) for role in (*shifts, *reversed(roles)))


def _practitioner(rng: random.Random, role: dict[str, object]) -> Practitioner:
    first, last = rng.choice(GIVEN), rng.choice((*FAMILY, *PARTICLES, *APOSTROPHES))
    person = Practitioner(
        id=new_id(rng),
        first=first,
        last=last,
        prefix=rng.choice(("Dr", "Dr", "Prof", None)),
        email=f"{_ascii(first)}.{_ascii(last)}@clinic.example",
    )
    return replace(person, **role)  # type: ignore[arg-type] # a table of its own fields
