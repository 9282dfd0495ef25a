"""Spans to a collector of OpenTelemetry, where its SDK and its exporter are installed."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import structlog

from infra.tracing import Kind, Span, send_to

log = structlog.get_logger()

SDK = "opentelemetry.sdk.trace"
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
KINDS: Mapping[Kind, str] = {"server": "SERVER", "consumer": "CONSUMER", "client": "CLIENT"}
PREFIX = "pms_sync."

_root: ContextVar[tuple[int, int] | None] = ContextVar("root", default=None)


def is_installed() -> bool:
    """Its packages are imported only when spans are asked for."""
    try:
        return find_spec(SDK) is not None and find_spec(EXPORTER) is not None
    except ModuleNotFoundError:
        return False


def numbers(trace_id: str) -> tuple[int, int]:
    """A trace's id and that of its first span, the same in every process that knows the trace."""
    known = re.fullmatch("[0-9a-f]{32}", trace_id) and int(trace_id, 16)
    digest = hashlib.sha256(trace_id.encode()).digest()
    return known or int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big") or 1


class Otel:
    """Sends through a provider of the SDK's.

    What answers somebody is the first span of its trace; whatever else is done by that trace id,
    in whatever process, hangs below it.
    """

    def __init__(self, provider: Any, *, process: str) -> None:
        self._trace = import_module("opentelemetry.trace")
        self._provider = provider
        self._tracer = provider.get_tracer(process)

    @contextmanager
    def span(
        self, name: str, *, kind: Kind, trace_id: str | None, about: Mapping[str, str]
    ) -> Iterator[Span]:
        numbered = numbers(trace_id) if trace_id else None
        is_first = kind == "server"
        token = _root.set(numbered if is_first else None)
        try:
            made = self._tracer.start_as_current_span(
                name,
                context=self._below(numbered, is_first=is_first),
                kind=self._trace.SpanKind[KINDS[kind]],
                attributes=_attributes(about),
                # An error's text is ours, but its traceback quotes what it was about.
                record_exception=False,
                set_status_on_exception=False,
            )
            with made as current:
                _root.set(None)
                try:
                    yield _Told(current)
                except Exception as error:
                    status = self._trace.Status(self._trace.StatusCode.ERROR, type(error).__name__)
                    current.set_status(status)
                    raise
        finally:
            _root.reset(token)

    def close(self) -> None:
        """What is still held is sent."""
        self._provider.shutdown()

    def _below(self, numbered: tuple[int, int] | None, *, is_first: bool) -> Any:
        if numbered is None:
            return None
        if is_first:
            return self._trace.set_span_in_context(self._trace.INVALID_SPAN)
        flags = self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED)
        first = self._trace.SpanContext(*numbered, is_remote=True, trace_flags=flags)
        return self._trace.set_span_in_context(self._trace.NonRecordingSpan(first))


class _Told:
    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, name: str, **about: str) -> None:
        self._span.update_name(name)
        self._span.set_attributes(_attributes(about))


@contextmanager
def sending(endpoint: str | None, *, process: str) -> Iterator[None]:
    """Send this process's spans to that collector, if there is one."""
    if endpoint is None:
        yield
        return
    if not is_installed():
        log.warning("tracing.not_installed")
        yield
        return
    sink = Otel(provider(process=process, endpoint=endpoint), process=process)
    send_to(sink)
    try:
        yield
    finally:
        send_to(None)
        sink.close()


def provider(*, process: str, endpoint: str) -> Any:
    """Batches of spans over HTTP to a collector; ids of first spans are those of their traces."""
    trace = import_module(SDK)
    made = trace.TracerProvider(id_generator=ids(), resource=_resource(process))
    exporter = import_module(EXPORTER).OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    made.add_span_processor(import_module(f"{SDK}.export").BatchSpanProcessor(exporter))
    return made


def ids() -> Any:
    """The SDK's own, except for the first span of a trace that has an id already."""
    usual = import_module(f"{SDK}.id_generator").RandomIdGenerator

    class Ids(usual):  # type: ignore[misc, valid-type]
        def generate_trace_id(self) -> int:
            root = _root.get()
            return root[0] if root else int(super().generate_trace_id())

        def generate_span_id(self) -> int:
            root = _root.get()
            return root[1] if root else int(super().generate_span_id())

    return Ids()


def _resource(process: str) -> Any:
    named = {"service.name": "pms-sync", "service.instance.kind": process}
    return import_module("opentelemetry.sdk.resources").Resource.create(named)


def _attributes(about: Mapping[str, str]) -> dict[str, str]:
    return {f"{PREFIX}{key}": value for key, value in about.items()}
