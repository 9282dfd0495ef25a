"""Halaxy's webhooks: a history bundle that names what changed and not what happened to it."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.deliveries import APPOINTMENT, PATIENT, Focus, UnreadableError
from producers.webhooks.bodies import document, part, parts
from producers.webhooks.senders import Sender

MOST = 500
LONGEST_STAMP = 40
# What FHIR allows an id to be; ours are matched against nothing wider.
_REFERENCE = re.compile(r"(?:.*/)?([A-Za-z]{1,40})/([A-Za-z0-9.-]{1,64})", re.ASCII)
LONGEST_REFERENCE = 500


def read(body: bytes) -> Sequence[Focus]:
    """Everything the bundle names, in its order."""
    bundle = document(body)
    if part(bundle, "resourceType") != "Bundle":
        raise UnreadableError("The body is no Bundle.")
    found = list(_focuses(bundle))
    if not found:
        raise UnreadableError("The Bundle names nothing that changed.")
    if len(found) > MOST:
        raise UnreadableError(f"The Bundle names more than {MOST} things; the next sync has them.")
    return found


def _focuses(bundle: Any) -> Iterator[Focus]:
    for entry in parts(bundle, "entry"):
        for event in parts(part(entry, "resource"), "notificationEvent"):
            focus = _focus(event)
            if focus is not None:
                yield focus


def _focus(event: Any) -> Focus | None:
    """By the end of the reference, relative or absolute; an address is never followed."""
    reference = part(part(event, "focus"), "reference")
    if not isinstance(reference, str) or len(reference) > LONGEST_REFERENCE:
        return None
    named = _REFERENCE.fullmatch(reference)
    if named is None:
        return None
    return Focus(named[1], named[2], _instant(part(event, "timestamp")))


def _instant(stamp: Any) -> datetime | None:
    if not isinstance(stamp, str) or len(stamp) > LONGEST_STAMP:
        return None
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return at if at.tzinfo else None


SENDER = Sender(
    name="halaxy",
    # The body does not name the action, so each has an address of its own; none is believed.
    events=("created", "updated", "deleted"),
    read=read,
    wanted=frozenset({APPOINTMENT, PATIENT}),
)
