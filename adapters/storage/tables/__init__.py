"""The tables, as SQLAlchemy Core sees them; `migrations/` makes them, a test compares the two."""

from adapters.storage.tables.access import (
    agreements,
    audit_chain,
    audit_cuts,
    audit_findings,
    audit_heads,
    deliveries,
    idempotency_keys,
    pms_audit_logs,
    pms_cached_data,
)
from adapters.storage.tables.columns import metadata
from adapters.storage.tables.outgoing import webhook_endpoints, webhook_messages
from adapters.storage.tables.people import accounts, login_links, sessions, users
from adapters.storage.tables.phone import (
    authorisation_states,
    phone_calls,
    pms_authorisations,
    pms_writes,
    slot_holds,
    text_messages,
    text_opt_outs,
    tool_calls,
    turned_away,
)
from adapters.storage.tables.practices import (
    pms_appointment_types,
    pms_clinician_mappings,
    pms_connection_checks,
    pms_connections,
    pms_drift,
    run_sheet_clinicians,
)
from adapters.storage.tables.reading import patient_reading, sheet_days_read
from adapters.storage.tables.recordings import recorded_parts, recordings
from adapters.storage.tables.runs import (
    COUNTERS,
    pms_backfills,
    pms_rejects,
    pms_removal_candidates,
    pms_sync_log,
)
from adapters.storage.tables.sheet import (
    run_sheet_appointments,
    run_sheet_conflicts,
    run_sheet_events,
    run_sheet_history,
    run_sheets,
)
from adapters.storage.tables.summaries import sync_summaries
from adapters.storage.tables.two_way import patient_links
from adapters.storage.tables.work import (
    jobs,
    paused_queues,
    schedules,
    vendor_requests,
    workers,
)

__all__ = [
    "COUNTERS",
    "accounts",
    "agreements",
    "audit_chain",
    "audit_cuts",
    "audit_findings",
    "audit_heads",
    "authorisation_states",
    "deliveries",
    "idempotency_keys",
    "jobs",
    "login_links",
    "metadata",
    "patient_links",
    "patient_reading",
    "paused_queues",
    "phone_calls",
    "pms_appointment_types",
    "pms_audit_logs",
    "pms_authorisations",
    "pms_backfills",
    "pms_cached_data",
    "pms_clinician_mappings",
    "pms_connection_checks",
    "pms_connections",
    "pms_drift",
    "pms_rejects",
    "pms_removal_candidates",
    "pms_sync_log",
    "pms_writes",
    "recorded_parts",
    "recordings",
    "run_sheet_appointments",
    "run_sheet_clinicians",
    "run_sheet_conflicts",
    "run_sheet_events",
    "run_sheet_history",
    "run_sheets",
    "schedules",
    "sessions",
    "sheet_days_read",
    "slot_holds",
    "sync_summaries",
    "text_messages",
    "text_opt_outs",
    "tool_calls",
    "turned_away",
    "users",
    "vendor_requests",
    "webhook_endpoints",
    "webhook_messages",
    "workers",
]
