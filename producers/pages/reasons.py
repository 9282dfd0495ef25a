"""Why a row is not at its practice yet, as badges and cards say it, with what a person can do."""

from collections.abc import Mapping

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


def why(reason: str | None, name: str) -> str:
    """A reason as sentences of its own, below a heading that names the vendor already."""
    said = (reason or "").removeprefix(f"{vendor(name)}: ").strip()
    if not said:
        return ""
    whole = said[0].upper() + said[1:]
    advice = ADVICE.get(said.rstrip(".").casefold())
    told = whole if whole.endswith(ENDS) else f"{whole}."
    return f"{told} {advice}" if advice else told


ENVIRONMENT.filters.update(why=why)
