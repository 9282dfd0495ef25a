"""What the vendor answers when it will not: faults of messages and refusals of REST."""

from collections.abc import Mapping
from http import HTTPStatus

REFUSED, SESSION, ADDRESS, VERSION = 1024, 1025, 1026, 1027
REDIRECT, LOCKED, EXPIRED = 1028, 1030, 1055
MISSING, WRONG, TOO_LARGE = 2048, 2049, 2053
TOO_MANY, CONCURRENT = -2147217350, -2147217398
BASE = -2147220480 - REFUSED
DESCRIPTIONS: Mapping[int, str] = {
    REFUSED: "Your login was refused",
    SESSION: "Your session has timed out",
    ADDRESS: "Your address was refused",
    VERSION: "Your version was refused",
    REDIRECT: "Go to another web server",
    LOCKED: "The account is locked",
    EXPIRED: "The account has expired",
    MISSING: "A required attribute is missing",
    WRONG: "An attribute has a value it cannot have",
    TOO_LARGE: "An attribute is too large",
    TOO_MANY: "More than 1000 records were found",
    CONCURRENT: "The record was changed by somebody else",
}


class Faulted(Exception):
    """Answered with a fault and HTTP 200."""

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(number)
        self.number = number
        self.description = f"{DESCRIPTIONS[number]} {detail}".strip()

    @property
    def code(self) -> int:
        """The long number of the short one; some have no short one."""
        return BASE + self.number if self.number > 0 else self.number


class Refused(Exception):
    """Answered with an HTTP status and no envelope."""

    def __init__(self, status: HTTPStatus, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def number_of(code: int) -> int:
    """The short number of either."""
    short = code - BASE
    number = short if short in DESCRIPTIONS else code
    if number not in DESCRIPTIONS:
        raise ValueError(f"no such fault: {code}; there are {', '.join(map(str, DESCRIPTIONS))}")
    return number
