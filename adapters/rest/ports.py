"""What the engine needs from the process that runs it."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from domain.credentials import Tokens
from domain.limits import Throttle
from domain.recordings import Question


class Answer(Protocol):
    """What came back: header names in lower case, the body unread."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Sender(Protocol):
    """One HTTP request, sent once; it neither retries nor follows redirects."""

    def send(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer: ...


class Tape(Protocol):
    """Looks on at what is asked and answered, or answers in the vendor's place."""

    def answered(self, question: Question, send: Callable[[], Answer]) -> Answer: ...


class Vault(Protocol):
    """Where one connection's secrets are kept."""

    def fresh(self) -> Mapping[str, str]:
        """As they are stored now, past any cache; another process may have replaced them."""

    def keep(self, changes: Mapping[str, str | None]) -> None:
        """Store these beside the others; None takes one away.

        What a vendor gave is not lost where the store fails: it is held, and stored the next time.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside world, handed to a source when it is opened.

    `remembered` keeps followed references, else each source keeps its own. Give one that outlives
    the source, briefly, where a vendor needs a request per patient: a wait in the middle of a page
    would ask for all of them again. `codes` keeps code lists, which name no patient, for good.
    `vault` holds the secrets it was opened with; None where they are stored nowhere yet. `tape` is
    there where a run is recorded or replayed.
    """

    sender: Sender
    tokens: Tokens
    throttle: Throttle
    clock: Callable[[], datetime]
    voice: bool = False
    vault: Vault | None = None
    remembered: MutableMapping[str, Any] | None = field(default=None, repr=False)
    codes: MutableMapping[str, Any] | None = field(default=None, repr=False)
    tape: Tape | None = None
