"""Why a row is not at its practice yet, or a practice is not read, as pages say it to people."""

import re
from collections.abc import Mapping

from domain.connections import State
from producers.pages.rendering import ENVIRONMENT, vendor

TAKEN = "Choose a free time, or undo the change here."
ADVICE: Mapping[str, str] = {
    "another appointment stands at that time": TAKEN,
    "that time overlaps another appointment": TAKEN,
    "that time is full": TAKEN,
    "the visit was changed there meanwhile": "Look at both, then choose.",
}
"""What to do about a refusal that does not say so itself."""
ENDS = (".", "!", "?", "…")
# How the engine tells of an answer it could not use: "Gentu: GET /path answered 404".
ANSWERED = re.compile(r"[^:]+: [A-Z]+ \S+ answered (?P<status>\d{3})")
REQUEST = re.compile(r"\b[A-Z]+ \S+ answered (\d{3})")


def why(reason: str | None, name: str) -> str:
    """A reason as sentences of its own, below a heading that names the vendor already."""
    said = (reason or "").removeprefix(f"{vendor(name)}: ").strip()
    if not said:
        return ""
    whole = said[0].upper() + said[1:]
    advice = ADVICE.get(said.rstrip(".").casefold())
    told = whole if whole.endswith(ENDS) else f"{whole}."
    return f"{told} {advice}" if advice else told


def unread(reason: str | None, name: str, state: str) -> str:
    """Why a practice fails or is shut out, without what only an engineer reads."""
    title, said = vendor(name), reason or ""
    answered = ANSWERED.match(said)
    shut_out = f"{title} no longer lets us in" if state == State.NEEDS_SIGN_IN else ""
    if answered is not None:
        status = f"it answered {answered['status']}"
        return f"{shut_out} ({status})." if shut_out else f"{title} cannot be read: {status}."
    return REQUEST.sub(r"it answered \1", said) or f"{shut_out}."


ENVIRONMENT.filters.update(why=why, unread=unread)
