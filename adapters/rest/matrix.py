"""What a PMS can do, in the words that pages, commands and documents show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.rest.auth import Auth, ClientCredentials, StaticToken
from adapters.rest.minimised import offered
from adapters.rest.vendor import NotePolicy, Stage, Vendor
from domain.desk import Ability
from domain.limits import Limit, Tier
from domain.minimising import LABELS, Extra

STAGES: Mapping[Stage, str] = {
    "sketched": "sketched: from the vendor's documents, tried against our simulator",
    "recorded": "recorded: tried against the vendor's sandbox",
    "proven": "proven: in use at a practice",
}
WHOSE: Mapping[str, str] = {"connection": "practice", "both": "application and each practice"}
_SPANS: Mapping[int, str] = {
    1: "a second",
    60: "a minute",
    3600: "an hour",
    86_400: "a day",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One capability: its short name, what people call it, and what holds for this PMS."""

    key: str
    label: str
    value: str


def capability_lines(vendor: Vendor, *, left_out: frozenset[Extra] = frozenset()) -> Sequence[Line]:
    """Everything worth knowing before a practice is connected, in the order it is shown.

    Of a practice that leaves something out, what holds there.
    """
    lines = [Line(key, label, read(vendor)) for key, label, read in _ROWS]
    return [_at_the_practice(line, left_out) for line in lines]


def capability_table(vendors: Iterable[Vendor]) -> str:
    """The matrix as Markdown: one row per capability, one column per PMS."""
    columns = sorted(vendors, key=lambda vendor: vendor.title)
    rows = zip(*(capability_lines(vendor) for vendor in columns), strict=True)
    heads = [f"[{_named(vendor)}]({vendor.docs})" for vendor in columns]
    table = [["", *heads], ["---"] * (len(columns) + 1)]
    table += [[row[0].label, *(line.value for line in row)] for row in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def _named(vendor: Vendor) -> str:
    return f"{vendor.title} by {vendor.maker}" if vendor.maker else vendor.title


def _appointments(vendor: Vendor) -> str:
    return "per practitioner" if vendor.capabilities.per_practitioner else "all at once"


def _practitioners(vendor: Vendor) -> str:
    if vendor.practitioners is None and vendor.opens is None:
        return "met in the book, or named by a person"
    return "listed"


def _types(vendor: Vendor) -> str:
    is_own = vendor.opens is not None and vendor.appointments is None
    is_listed = vendor.types is not None or vendor.capabilities.lists_types or is_own
    return "listed" if is_listed else "not listed"


def _changes(vendor: Vendor) -> str:
    return "yes" if vendor.capabilities.changed_since else "no: the days are read whole"


def _deletions(vendor: Vendor) -> str:
    if vendor.capabilities.shows_deletions:
        return "shown"
    return "found by a whole pass"


def _probe(vendor: Vendor) -> str:
    return "yes" if vendor.capabilities.probe_by_id else "no"


def _webhooks(vendor: Vendor) -> str:
    return "yes, as a hint to look again" if vendor.capabilities.webhooks else "no"


def _telehealth(vendor: Vendor) -> str:
    return vendor.capabilities.telehealth_by


def _connected(vendor: Vendor) -> str:
    own = "user name and password of the office" if "password" in vendor.secrets else "own keys"
    by = next((how for kind, how in _SIGNED if isinstance(vendor.auth, kind)), own)
    return f"{by}, then a pairing code" if vendor.pairing else by


_SIGNED: Sequence[tuple[type[Auth], str]] = (
    (ClientCredentials, "client id and secret"),
    (StaticToken, "a token a person enters"),
)


_READ: Mapping[NotePolicy, str] = {
    "inbound": "read",
    "on_demand": "read when asked for, never stored",
    "never": "never read",
}


def _notes(vendor: Vendor) -> str:
    read = _READ[vendor.note_policy]
    if "add_note" in vendor.capabilities.writes:
        return f"{read}; a caller's note is added"
    return f"{read}, never written" if vendor.note_policy == "inbound" else read


def _held(vendor: Vendor) -> str:
    """What may be left out; what is barred from the start is no choice of a practice."""
    return ", ".join(LABELS[one].lower() for one in offered(vendor)) or "nothing"


def _at_the_practice(line: Line, left_out: frozenset[Extra]) -> Line:
    if line.key == "notes" and Extra.NOTES in left_out:
        return replace(line, value="left out by this practice")
    if line.key == LEAVABLE and left_out:
        told = ", ".join(LABELS[one].lower() for one in Extra if one in left_out)
        return replace(line, label="Left out", value=told)
    return line


LEAVABLE = "can_leave_out"


WRITES: Mapping[str, str] = {
    Ability.BOOK: "book",
    Ability.RESCHEDULE: "move",
    Ability.CANCEL: "cancel",
    Ability.SET_STATUS: "set the status",
    Ability.CREATE_PATIENT: "register patients",
    Ability.UPDATE_PATIENT: "change patients",
    Ability.CHANGE_NAME: "change a patient's name",
    Ability.CHANGE_CONTACT: "change a patient's phone, e-mail and address",
    Ability.ADD_NOTE: "add notes",
    Ability.ADD_INSURANCE: "add insurance",
    Ability.RECORD_PAYMENT: "record payments",
}


def _writes(vendor: Vendor) -> str:
    can = vendor.capabilities.writes
    told = ", ".join(words for one, words in WRITES.items() if one in can) or "none: read only"
    return f"{told}; what of it, by the practice's own PMS" if vendor.behind else told


def _limits(vendor: Vendor) -> str:
    told = "; ".join(
        " and ".join(map(_limit, limits))
        + "".join(f" ({_peak(tier)})" for tier in vendor.tiers.get(bucket, ()))
        + ("" if bucket == "default" else f" for {bucket}")
        for bucket, limits in vendor.limits.items()
    )
    whose = WHOSE.get(vendor.limited_per, vendor.limited_per)
    return f"{told} for each {whose} ({vendor.limits_are})"


def _peak(tier: Tier) -> str:
    told = " and ".join(map(_limit, tier.limits))
    return f"{told} at {tier.opens:%H:%M} to {tier.closes:%H:%M} in {tier.zone}"


def _limit(limit: Limit) -> str:
    return f"{limit.requests:,} {_SPANS.get(limit.seconds, f'in {limit.seconds:,} s')}"


def _stage(vendor: Vendor) -> str:
    return STAGES[vendor.stage]


_ROWS: Sequence[tuple[str, str, Callable[[Vendor], str]]] = (
    ("stage", "Stage", _stage),
    ("connected", "Connected with", _connected),
    ("appointments", "Appointments", _appointments),
    ("practitioners", "Practitioners", _practitioners),
    ("types", "Appointment types", _types),
    ("telehealth", "Telehealth by", _telehealth),
    ("changes_since", "Changes since", _changes),
    ("deletions", "Deletions", _deletions),
    ("probe_by_id", "One read by its id", _probe),
    ("webhooks", "Webhooks", _webhooks),
    ("notes", "Notes", _notes),
    (LEAVABLE, "May be left out", _held),
    ("writes", "Writes", _writes),
    ("limits", "Request limit", _limits),
)
