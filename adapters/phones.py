"""Telephone numbers as people write them, read with the help of the practice's country."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

# The links of these lead to one country of many that keep the time.
_NO_COUNTRY = frozenset({"CET", "EET", "EST", "HST", "MET", "MST", "WET"})


@dataclass(frozen=True, slots=True)
class Phone:
    """What was written, always; what to dial, where it can be told; what to show."""

    raw: str = field(repr=False)
    e164: str | None = field(repr=False)
    shown: str = field(repr=False)


def normalised(raw: str, region: str | None) -> Phone:
    """Read a number in `region` (ISO, two letters); without one, only +61 2 ... can be told."""
    text = " ".join(raw.split())
    number = _read(text, region) or _read(_international(text), region)
    if number is None:
        return Phone(raw, None, text)
    here = phonenumbers.region_code_for_number(number) == region
    style = PhoneNumberFormat.NATIONAL if here else PhoneNumberFormat.INTERNATIONAL
    return Phone(
        raw,
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        phonenumbers.format_number(number, style),
    )


def region_of(timezone: str) -> str | None:
    """The country of an IANA zone; None where a zone is nobody's in particular (UTC)."""
    countries = _countries()
    return countries.get(timezone) or countries.get(_links().get(timezone, ""))


def _read(text: str, region: str | None) -> PhoneNumber | None:
    """A number that exists; one written with its country code is taken at its word."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    explicit = text.startswith("+") and phonenumbers.is_possible_number(number)
    return number if explicit or phonenumbers.is_valid_number(number) else None


def _international(text: str) -> str:
    """Many write 0061 2 ... where their own country dials another prefix."""
    return "+" + text[2:] if text.startswith("00") else text


@cache
def _countries() -> dict[str, str]:
    rows = (line.split("\t") for line in _lines("zone.tab") if not line.startswith("#"))
    return {zone: country for country, _, zone, *_ in rows}


@cache
def _links() -> dict[str, str]:
    """Old names of zones (US/Pacific, NZ) and the ones they stand for."""
    links = (line.split() for line in _lines("tzdata.zi") if line.startswith("L "))
    return {old: new for _, new, old in links if old not in _NO_COUNTRY}


def _lines(name: str) -> list[str]:
    return (files("tzdata") / "zoneinfo" / name).read_text("utf-8").splitlines()
