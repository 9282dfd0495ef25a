"""Where spans are asked for, a webhook, its job and what the job asks of the vendor are told."""

import pytest

from domain.jobs import JobState
from tests.infra.test_tracing import Sink, sink
from tests.webhooks.practice import Practice

__all__ = ["sink"]

pytestmark = pytest.mark.integration


def test_a_webhook_its_job_and_its_requests_are_spans(clinic: Practice, sink: Sink) -> None:
    whose = clinic.somebody()
    assert clinic.notify(whose) == 202
    (door,) = sink.spans

    assert clinic.work() == [JobState.DONE]

    (job,) = [one for one in sink.spans if one.kind == "consumer"]
    asked = [one for one in sink.spans if one.kind == "client"]
    (delivery,) = [row for row in clinic.deliveries() if row["event"] == "updated"][-1:]
    traces = clinic.select("SELECT trace_id FROM jobs WHERE kind = 'refetch' ORDER BY id DESC")
    assert (door.kind, door.name) == ("server", "POST /webhooks/{vendor}/{event}")
    assert door.trace_id == delivery["trace_id"]
    assert door.about == {"status": "202"}
    assert (job.name, job.about) == ("refetch", {"pms": "halaxy", "ended": "done"})
    assert job.trace_id == traces[0]["trace_id"]
    assert asked and {one.inside for one in asked} == {"refetch"}
    assert {one.about["pms"] for one in asked} == {"halaxy"}


def test_no_span_names_whom_it_is_about(clinic: Practice, sink: Sink) -> None:
    whose = clinic.somebody()
    clinic.notify(whose)
    clinic.work()

    told = " ".join(f"{one.name} {one.about}" for one in sink.spans)

    assert whose not in told


def test_who_looks_after_the_process_is_no_trace(clinic: Practice, sink: Sink) -> None:
    assert clinic.ingress.get("/healthz").is_success

    assert sink.spans == []
