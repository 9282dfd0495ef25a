"""A sync under way that is recorded: besides the PMS's answers, what the sheet told it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from adapters.storage.runs.open_run import OpenRun
from adapters.storage.runs.recordings import Tape
from domain.appointments import Appointment, Practitioner
from domain.intake import Candidate, Sorted
from domain.origins import Known
from domain.recordings import aside_of, row_of
from domain.runs import RunStatus
from domain.sheet import as_json
from domain.sources import Page, Query, Reject, Spend
from domain.window import Window

Part = Mapping[str, Any]
T = TypeVar("T")


class RecordedRun(OpenRun):
    """As any other, but that every record is read, as though none were known.

    Parts are kept after the transaction they are of: one that fails leaves none behind.
    """

    tape: Tape
    _parts: list[Part]
    _by: dict[str, Any] | None = None

    def recording(self, tape: Tape) -> "RecordedRun":
        self.tape, self._parts = tape, []
        args = {name: self._job.args.get(name) for name in ("allow_removals", "dry_run")}
        tape({"kind": "begun", "args": args})
        return self

    def practitioners(self) -> Sequence[Practitioner]:
        return self._told("practitioners", super().practitioners())

    def candidates(self) -> list[Candidate]:
        return self._told("candidates", super().candidates())

    def held(self) -> int:
        return self._told("held", super().held())

    def witness(self, without: Sequence[UUID]) -> str | None:
        return self._told("witness", super().witness(without))

    def known(self, query: Query) -> Known | None:
        found = super().known(query)
        return found and Known({}, found.printed, found.connection)

    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted:
        by = as_json(self.connection)
        if by != self._by:
            self._by = by
            self._note({"kind": "connection", "connection": by})
        rows = [row_of(one, self.connection, window) for one in records]
        self._note({"kind": "read", "rows": rows})
        return super().sort(records, window=window)

    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None:
        self._set_aside(query_key, page.rejects)
        super().save_page(found, page, query_key=query_key, spent=spent)

    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        kept: Sequence[UUID] = (),
        left_out: Collection[UUID] = (),
        rejects: Sequence[Reject] = (),
        spent: Sequence[Spend] = (),
    ) -> None:
        self._set_aside("moved", rejects)
        super().take_off(ids, kept=kept, left_out=left_out, rejects=rejects, spent=spent)

    def save_spent(self, spent: Sequence[Spend]) -> None:
        super().save_spent(spent)
        self._keep()

    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None:
        # Once it is over it may be replayed.
        self._keep()
        super().close(status=status, message=message, details=details)
        self._keep()

    @contextmanager
    def together(self) -> Iterator[None]:
        before = len(self._parts)
        try:
            with super().together():
                yield
        except BaseException:
            del self._parts[before:]
            self._by = None
            raise
        self._keep()

    def _told(self, what: str, answer: T) -> T:
        self._note({"kind": "sheet", "what": what, "told": as_json(answer)})
        return answer

    def _set_aside(self, query_key: str, rejects: Sequence[Reject]) -> None:
        if rejects:
            told = [aside_of(query_key, one) for one in rejects]
            self._note({"kind": "aside", "told": told})

    def _note(self, part: Part) -> None:
        self._parts.append(part)

    def _keep(self) -> None:
        self.tape.keep([(part, b"") for part in self._parts])
        self._parts.clear()
