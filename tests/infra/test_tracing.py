"""Spans carry the trace of what caused them, and cost nothing while nobody is told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import structlog
from structlog.testing import capture_logs

from infra import otel, tracing
from infra.tracing import NOTHING, Kind, Span, span


@dataclass
class Kept:
    """One span as a sink was told of it."""

    name: str
    kind: Kind
    trace_id: str | None
    about: dict[str, str]
    inside: str | None

    def tell(self, name: str, **about: str) -> None:
        self.name = name
        self.about.update(about)


@dataclass
class Sink:
    """Keeps what it is told."""

    spans: list[Kept] = field(default_factory=list)
    open: list[Kept] = field(default_factory=list)

    @contextmanager
    def span(
        self, name: str, *, kind: Kind, trace_id: str | None, about: Mapping[str, str]
    ) -> Iterator[Span]:
        made = Kept(name, kind, trace_id, dict(about), self.open[-1].name if self.open else None)
        self.spans.append(made)
        self.open.append(made)
        try:
            yield made
        finally:
            self.open.pop()


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    tracing.send_to(made)
    yield made
    tracing.send_to(None)


def test_nobody_is_told_and_nothing_is_made_unless_asked() -> None:
    assert span("sync", kind="consumer", trace_id="1" * 32) is NOTHING
    with span("sync", kind="consumer") as told:
        told.tell("sync", ended="done")


def test_a_span_is_told_with_what_is_known_of_it(sink: Sink) -> None:
    with (
        span("sync", kind="consumer", trace_id="a" * 32, pms="gentu", account=None) as told,
        span("GET appointments", kind="client", pms="gentu"),
    ):
        told.tell("sync", ended="done")

    job, request = sink.spans
    assert (job.trace_id, job.about) == ("a" * 32, {"pms": "gentu", "ended": "done"})
    assert (request.kind, request.trace_id, request.inside) == ("client", None, "sync")


def test_a_trace_is_the_same_number_in_every_process() -> None:
    ours = "0123456789abcdef0123456789abcdef"

    trace, first = otel.numbers(ours)

    assert f"{trace:032x}" == ours
    assert otel.numbers(ours) == (trace, first)
    assert 0 < first < 2**64


def test_a_trace_id_of_another_shape_becomes_a_number_too() -> None:
    trace, first = otel.numbers("call-77")

    assert 0 < trace < 2**128
    assert (trace, first) == otel.numbers("call-77")
    assert otel.numbers("0" * 32)[0] != 0


def test_without_a_collector_nothing_is_sent() -> None:
    with otel.sending(None, process="worker"):
        assert tracing.Tracing.sink is None


def test_a_collector_without_the_packages_is_told_of_and_does_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otel, "SDK", "opentelemetry_that_is_not_here.sdk")
    structlog.reset_defaults()

    with capture_logs() as lines, otel.sending("http://127.0.0.1:4318", process="worker"):
        assert tracing.Tracing.sink is None
        assert not otel.is_installed()

    assert [one["event"] for one in lines] == ["tracing.not_installed"]
