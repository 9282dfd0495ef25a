"""One practice's line to Sikka, for whoever looks things up or writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.rest.answers import dig
from adapters.rest.auth import Ask
from adapters.rest.caller import Caller
from adapters.rest.minimised import bare
from adapters.rest.paging import MAX_PAGES, Guard, broken_at, must_say
from adapters.rest.record import Record
from adapters.sikka.faults import NotInPlan
from adapters.sikka.keys import application
from adapters.sikka.offices import ENVELOPE
from domain.errors import BrokenContract, Refused, TokenExpired, Transient
from infra.http import NotSent

Params = Mapping[str, str]
PAGE = 500
_LOADING, _NEXT = "in progress", "pagination.next"


class PlanLacks(Refused):
    """What was asked for is not in the application's plan; everything else may be."""


_OF_PATIENTS = frozenset({"/patients", "/appointments"})


class Line:
    """`empty_at` is where records of patients are emptied of what the practice leaves out."""

    def __init__(self, caller: Caller, *, empty_at: Sequence[str] = ()) -> None:
        self.caller = caller
        self._empty_at = empty_at

    def records(
        self,
        path: str,
        params: Params,
        *,
        as_application: bool = False,
        whole: bool = False,
        most: int | None = None,
        paged: bool = True,
    ) -> list[Record]:
        """Every record, or about as many as `most`, page by page.

        With `whole` none may still be on its way to Sikka, nor be something else than a record.
        """
        found: list[Record] = []
        guard = Guard()
        for page in range(MAX_PAGES):
            place = {"limit": str(PAGE), "offset": str(page)} if paged else {}
            body, headers = self._page(path, {**place, **params}, as_application)
            if whole and headers.get("data-insert", "").strip().casefold() == _LOADING:
                raise Transient("Sikka is taking in this practice's data; try again in a minute")
            with broken_at(f"Sikka: GET {path}"):
                contents = ENVELOPE.open(body)
                guard.look_at(contents)
                if paged and most is None:
                    must_say(_NEXT, contents, size=PAGE)
                if whole and not all(isinstance(one, dict) for one in contents.items):
                    raise BrokenContract("one of the records is none")
            at = self._empty_at if path in _OF_PATIENTS else ()
            found += [Record(bare(one, at)) for one in contents.items if isinstance(one, dict)]
            is_last = not paged or not dig(contents.body, _NEXT)
            if is_last or not contents.items or (most is not None and len(found) >= most):
                return found
        raise BrokenContract(f"Sikka: GET {path} did not end after {MAX_PAGES} pages")

    def write(self, method: str, path: str, body: Mapping[str, Any], **parts: str) -> Any:
        """Send a change, once. What fails before it leaves is told as NotSent.

        OutcomeUnknown where it may have been taken.
        """
        ask = Ask(
            method=method,
            url=self.caller.url(path, parts, {}),
            name=path,
            json=dict(body),
            writes=True,
        )
        try:
            return self.caller.signed(ask).body
        except NotInPlan as missing:
            raise Refused(str(missing)) from None
        except (Transient, BrokenContract) as trouble:
            # The change itself would have ended in doubt: this was the key for it.
            raise NotSent(str(trouble)) from None

    def _page(
        self,
        path: str,
        params: Params,
        as_application: bool,  # noqa: FBT001
    ) -> tuple[Any, Mapping[str, str]]:
        keys = application(self.caller.secrets) if as_application else None
        ask = Ask(url=self.caller.url(path, {}, params), name=path, headers=keys)
        try:
            reply = self.caller.send(ask) if as_application else self.caller.signed(ask)
        except NotInPlan as missing:
            raise PlanLacks(str(missing)) from None
        except TokenExpired as refusal:
            raise Refused(str(refusal)) from None
        if reply.body is None and not reply.is_empty:
            raise BrokenContract(f"Sikka: GET {path}: answered null")
        return reply.body, reply.headers
