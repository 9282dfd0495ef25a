"""What an office's settings may be, told as soon as somebody enters them."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapters.advancedmd.assumed import (
    CHANGE_PATH,
    SCHEDULER_TIER,
    STATUS_FIELD,
    TIERS,
    a_field,
    a_path,
)
from adapters.advancedmd.words import bare, is_code, split_codes
from domain.appointments import Status
from domain.connections import Connection
from domain.errors import BadInput

MOST_NAMED = 12
WORDS = ", ".join(one.value for one in Status)

_ID = re.compile(r"\d+")


def check(given: Mapping[str, Any], held: Connection | None) -> None:
    """Refuse what the next sync could not use; `held` is what is known of the practice so far."""
    for key, value in given.items():
        allowed = _ALLOWED.get(key)
        if allowed is not None and value is not None:
            allowed(str(value), held)


def _status_codes(text: str, _held: Connection | None) -> None:
    for code, word in split_codes(text):
        if not is_code(code):
            raise BadInput("status_codes is written 20=completed; 21=no_show: a code, then a word.")
        if word not in set(Status):
            raise BadInput(f"status_codes knows no '{word[:40]}'; the words are {WORDS}.")


def _columns(text: str, held: Connection | None) -> None:
    wanted = [bare(one) for one in re.split(r"[;,]", text) if one.strip()]
    if not all(one and _ID.fullmatch(one) for one in wanted):
        raise BadInput("columns is written 16,17: ids of columns of the scheduler.")
    # Of an office that is read in part, the other columns are not known.
    if held is not None and held.practitioners and not held.settings.get("columns"):
        _known(wanted, held.practitioners, what="column")


def _default_type(text: str, held: Connection | None) -> None:
    if held is not None and held.types:
        _known([text], {key: one.name for key, one in held.types.items()}, what="appointment type")
    elif not _ID.fullmatch(bare(text) or ""):
        raise BadInput("default_type is the id of an appointment type, such as 12.")


def _change_path(text: str, _held: Connection | None) -> None:
    a_path(text)


def _status_field(text: str, _held: Connection | None) -> None:
    a_field(text)


def _known(wanted: Iterable[str | None], known: Mapping[str, str], *, what: str) -> None:
    for one in wanted:
        if one not in known:
            named = [f"{key} ({name})" for key, name in list(known.items())[:MOST_NAMED]]
            more = ["others"] if len(known) > MOST_NAMED else []
            raise BadInput(
                f"The practice has no {what} {str(one)[:40]}; it has {', '.join([*named, *more])}."
            )


def _one_of(key: str, *words: str) -> Callable[[str, Connection | None], None]:
    def allowed(text: str, _held: Connection | None) -> None:
        if text.casefold() not in words:
            raise BadInput(f"{key} is {' or '.join(words)}.")

    return allowed


_ALLOWED: Mapping[str, Callable[[str, Connection | None], None]] = {
    "status_codes": _status_codes,
    "columns": _columns,
    "default_type": _default_type,
    "wire": _one_of("wire", "json", "xml"),
    "reads": _one_of("reads", "rest", "xml"),
    CHANGE_PATH: _change_path,
    STATUS_FIELD: _status_field,
    SCHEDULER_TIER: _one_of(SCHEDULER_TIER, *TIERS),
}
