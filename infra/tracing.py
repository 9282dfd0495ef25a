"""Spans of what is done, by the trace id that jobs carry; nobody is told of them unless asked."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

Kind = Literal["server", "consumer", "client"]
"""What answers somebody, what carries a job, what asks a vendor."""


class Span(Protocol):
    """One thing that is being done; it is named and described once that is known."""

    def tell(self, name: str, **about: str) -> None: ...


class Sink(Protocol):
    """Where spans go. One without `trace_id` belongs to the span it is made in."""

    def span(
        self, name: str, *, kind: Kind, trace_id: str | None, about: Mapping[str, str]
    ) -> AbstractContextManager[Span]: ...


class _Untold:
    def tell(self, name: str, **about: str) -> None:
        """Nobody listens."""


NOTHING: AbstractContextManager[Span] = nullcontext(_Untold())


class Tracing:
    """Where this process sends its spans to; at first nowhere, which costs one comparison."""

    sink: Sink | None = None


def send_to(sink: Sink | None) -> None:
    Tracing.sink = sink


def span(
    name: str, *, kind: Kind, trace_id: str | None = None, **about: str | None
) -> AbstractContextManager[Span]:
    """Around something; `about` names routes, queues, kinds and ids of ours, never a person."""
    if Tracing.sink is None:
        return NOTHING
    known = {key: value for key, value in about.items() if value is not None}
    return Tracing.sink.span(name, kind=kind, trace_id=trace_id, about=known)
