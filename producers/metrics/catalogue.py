"""Every metric that is told: its name, its labels and what it says; the documents follow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. The name of a counter ends with _total, as it is told."""

    name: str
    says: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.GAUGE


C, H = Kind.COUNTER, Kind.HISTOGRAM

OF_REQUESTS = (
    Metric(
        "pms_sync_http_request_seconds",
        "Time to answer a request.",
        ("method", "route", "status"),
        H,
    ),
    Metric(
        "pms_sync_webhooks_rejected_total",
        "Messages of vendors, Vapi and Twilio that were refused.",
        ("route", "status"),
        C,
    ),
    Metric("pms_sync_event_streams", "Open streams of sheet events."),
)
OF_CONNECTIONS = (
    Metric("pms_sync_connections", "Connections by state.", ("vendor", "state")),
    Metric(
        "pms_sync_connections_fresh",
        "Connections by how they keep their promise, opening hours heeded.",
        ("vendor", "status"),
    ),
    Metric(
        "pms_sync_connection_behind_seconds",
        "How long a connection's promise has been broken; 0 where it is kept or the practice shut.",
        ("connection_id", "vendor"),
    ),
    Metric(
        "pms_sync_connection_promise_seconds",
        "How old a connection's sheet may be while its practice is open.",
        ("connection_id", "vendor"),
    ),
    Metric(
        "pms_sync_last_complete_sync_seconds",
        "Time since a connection's last complete sync.",
        ("connection_id", "vendor"),
    ),
    Metric(
        "pms_sync_credential_expires_seconds",
        "Time until a connection's token ends; below 0 it has ended.",
        ("connection_id", "vendor"),
    ),
    Metric(
        "pms_sync_connections_outward",
        "Connections that owe their PMS a change, by how that promise is kept.",
        ("vendor", "status"),
    ),
    Metric(
        "pms_sync_unsent_changes",
        "Rows of the sheet on their way to a PMS, or stuck until somebody looks.",
        ("vendor", "state"),
    ),
    Metric("pms_sync_connections_unnamed", "Connections beyond those that are told by their id."),
)
OF_SYNCS = (
    Metric("pms_sync_runs_last_hour", "Syncs that ended within the hour.", ("vendor", "status")),
    Metric("pms_sync_success_ratio", "Share of the hour's syncs that ended complete.", ("vendor",)),
    Metric("pms_sync_run_mean_seconds", "Mean length of the hour's syncs.", ("vendor",)),
    Metric(
        "pms_sync_seconds_per_appointment",
        "Length of the hour's syncs for each appointment they read.",
        ("vendor",),
    ),
    Metric("pms_sync_run_seconds", "Length of syncs, since this process began.", ("vendor",), H),
    Metric("pms_sync_overdue_summaries", "Accounts whose weekly summary is not there by noon."),
)
OF_JOBS = (
    Metric(
        "pms_sync_jobs",
        "Jobs that are ready, held back in a paused queue, due later, running or dead.",
        ("queue", "state"),
    ),
    Metric(
        "pms_sync_oldest_due_job_seconds",
        "Age of the oldest due job that nobody paused.",
        ("queue",),
    ),
    Metric("pms_sync_workers", "Living worker processes that serve a queue.", ("queue",)),
    Metric("pms_sync_worker_threads", "Threads of those workers.", ("queue",)),
    Metric(
        "pms_sync_worker_clock_off_seconds",
        "By how much a living worker's machine differs from the database's clock, at most.",
    ),
    Metric(
        "pms_sync_failing_jobs",
        "Jobs that died or will be tried again, by the kind of their error.",
        ("state", "error_kind"),
    ),
    Metric("pms_sync_jobs_put_total", "Jobs that came, since this process began.", ("queue",), C),
    Metric(
        "pms_sync_jobs_ended_total",
        "Jobs that ended, since this process began.",
        ("queue", "state"),
        C,
    ),
    Metric("pms_sync_scheduler_late_seconds", "For how long no scheduler has ticked."),
    Metric(
        "pms_sync_oldest_pause_seconds",
        "How long ago the oldest pause of a queue began; 0 for none.",
        ("queue",),
    ),
    Metric("pms_sync_paused_queues", "Queues that an account's operator paused."),
    Metric("pms_sync_owed_pushes", "Jobs that are to bring changes to a PMS.", ("vendor",)),
    Metric("pms_sync_oldest_owed_push_seconds", "Age of the oldest of those.", ("vendor",)),
)
OF_VENDORS = (
    Metric(
        "pms_sync_vendor_limit_hits_total",
        'How often a vendor said "not now" (429 and the like).',
        ("vendor",),
        C,
    ),
    Metric(
        "pms_sync_vendor_budget_left_ratio",
        "Smallest share left of an allowance, over all who have one of that name.",
        ("vendor", "bucket"),
    ),
    Metric(
        "pms_sync_excess_calls",
        "Calls within the minute beyond what the hour allows, where a vendor bills them.",
        ("vendor", "bucket"),
    ),
)
OF_CALLERS = (
    Metric(
        "pms_sync_tool_calls_last_hour",
        "Callers' questions: answered, answered in a worker's place, too late, or waiting.",
        ("outcome",),
    ),
    Metric("pms_sync_tool_answer_p95_seconds", "95 of 100 answers of the hour took no longer."),
    Metric("pms_sync_bookings_last_day", "Bookings asked for within a day.", ("vendor", "state")),
    Metric(
        "pms_sync_booking_success_ratio",
        "Share of the day's settled bookings that the PMS has.",
        ("vendor",),
    ),
    Metric("pms_sync_unsettled_writes", "Writes that left and have no end.", ("vendor",)),
    Metric("pms_sync_oldest_unsettled_write_seconds", "Age of the oldest of those.", ("vendor",)),
    Metric("pms_sync_deliveries_last_hour", "Webhooks kept within the hour.", ("sender", "state")),
)
OF_PROGRAMS = (
    Metric(
        "pms_sync_endpoints",
        "Endpoints of accounts' programs: active, failing, paused, or disabled after days of it.",
        ("state",),
    ),
    Metric(
        "pms_sync_endpoint_messages_last_hour",
        "Messages to endpoints of the hour: still due, delivered or failed.",
        ("state",),
    ),
    Metric(
        "pms_sync_oldest_untold_seconds",
        "Age of the oldest change that an active endpoint was not told of.",
    ),
)
OF_ACCESS = (
    Metric(
        "pms_sync_phi_accesses_last_hour",
        "Audited looks at patient data within the hour.",
        ("role", "route"),
    ),
    Metric(
        "pms_sync_phi_busiest_person_last_hour",
        "The most such looks that any one person of a role had within the hour; following the"
        " sheet is none.",
        ("role",),
    ),
    Metric("pms_sync_audit_findings_open", "Findings nobody has acknowledged yet.", ("rule",)),
    Metric("pms_sync_audit_unchained_seconds", "Age of the oldest audit row without its link."),
    Metric("pms_sync_audit_unanchored_accounts", "Accounts whose chain the anchor lags behind."),
)
OF_ITSELF = (
    Metric("pms_sync_database_up", "Whether the database answered."),
    Metric(
        "pms_sync_database_keeps",
        "Whether the database keeps what it is given: it is not read only, and its disk has room.",
    ),
    Metric("pms_sync_part_failed", "Whether a part of this page could not be read.", ("part",)),
    Metric("pms_sync_reading_seconds", "How long the last reading of the database took."),
)
METRICS = (
    *OF_REQUESTS,
    *OF_CONNECTIONS,
    *OF_SYNCS,
    *OF_JOBS,
    *OF_VENDORS,
    *OF_CALLERS,
    *OF_PROGRAMS,
    *OF_ACCESS,
    *OF_ITSELF,
)
BY_NAME: Mapping[str, Metric] = MappingProxyType({one.name: one for one in METRICS})
