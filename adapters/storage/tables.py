"""The tables, as SQLAlchemy Core sees them; `migrations/` makes them, a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'{}'::text[]")
INSTANT = DateTime(timezone=True)
ID = UUID(as_uuid=True)


def _key() -> Column[object]:
    return Column("id", ID, primary_key=True, server_default=text("gen_random_uuid()"))


def _account() -> Column[object]:
    return Column("account_id", Text, ForeignKey("accounts.id"), nullable=False)


def _connection(name: str = "pms_connection_id", *, nullable: bool = False) -> Column[object]:
    return Column(name, ID, ForeignKey("pms_connections.id"), nullable=nullable)


def _stamp(name: str = "created_at") -> Column[object]:
    return Column(name, INSTANT, nullable=False, server_default=NOW)


def _count(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


def _switch(name: str, *, on: bool) -> Column[object]:
    default = text("true") if on else text("false")
    return Column(name, Boolean, nullable=False, server_default=default)


def _object(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=EMPTY_OBJECT)


def _texts(name: str) -> Column[object]:
    return Column(name, ARRAY(Text), nullable=False, server_default=EMPTY_LIST)


def _word(name: str, default: str) -> Column[object]:
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"))


accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text),
    _texts("vapi_number_ids"),
    _texts("phones"),
    _texts("transfer_to"),
    Column("baa_accepted_at", INSTANT),
    Column("baa_accepted_by", Text),
    _stamp(),
)

users = Table(
    "users",
    metadata,
    _key(),
    _account(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("disabled_at", INSTANT),
    _stamp(),
    UniqueConstraint("account_id", "name"),
)

login_links = Table(
    "login_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("used_at", INSTANT),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    _stamp(),
    Column("expires_at", INSTANT, nullable=False),
)

pms_connections = Table(
    "pms_connections",
    metadata,
    _key(),
    _account(),
    Column("connector", Text, nullable=False),
    Column("pms_type", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("site", Text, nullable=False),
    *(
        Column(name, Text, Computed(f"CASE WHEN connector = '{vendor}' THEN site END"))
        for name, vendor in (
            ("tenant_id", "gentu"),
            ("practice_id", "medirecords"),
            ("organization_id", "halaxy"),
        )
    ),
    Column("timezone", Text, nullable=False),
    Column("base_url", Text),
    Column("token_url", Text),
    Column("secret_ref", Text),
    Column("token_expires_at", INSTANT),
    _object("settings"),
    _object("features"),
    _word("state", "SETUP_REQUIRED"),
    Column("state_reason", Text),
    _switch("sync_enabled", on=True),
    Column("sync_frequency_minutes", Integer, nullable=False, server_default=text("15")),
    _switch("sync_telehealth_only", on=True),
    Column("next_sync_at", INSTANT),
    Column("next_renewal_at", INSTANT),
    Column("last_sync_at", INSTANT),
    Column("last_sync_status", Text),
    Column("last_sync_error", Text),
    _count("consecutive_failures"),
    _object("opening_hours"),
    _stamp(),
    _stamp("updated_at"),
    Column("removed_at", INSTANT),
    Index("ix_pms_connections_connector", "connector"),
    Index("ix_pms_connections_sync_enabled_last_sync_at", "sync_enabled", "last_sync_at"),
    Index("ix_pms_connections_next_sync_at", "next_sync_at"),
    Index(
        "uq_pms_connections_account_connector_site",
        "account_id",
        "connector",
        "site",
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
    ),
)

run_sheets = Table(
    "run_sheets",
    metadata,
    _key(),
    _account(),
    Column("day", Date, nullable=False),
    _stamp(),
    UniqueConstraint("account_id", "day"),
)

run_sheet_clinicians = Table(
    "run_sheet_clinicians",
    metadata,
    _key(),
    _account(),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("pms_practitioner_id", Text),
    _connection(nullable=True),
    _stamp(),
    Index("ix_run_sheet_clinicians_account_id", "account_id", "position"),
)

pms_clinician_mappings = Table(
    "pms_clinician_mappings",
    metadata,
    _key(),
    _account(),
    _connection(),
    Column("pms_practitioner_id", Text, nullable=False),
    Column("pms_practitioner_name", Text, nullable=False),
    Column("run_sheet_clinician_id", ID, ForeignKey("run_sheet_clinicians.id")),
    _switch("sync_enabled", on=True),
    _switch("auto_created", on=False),
    _switch("active", on=True),
    _stamp(),
    _stamp("updated_at"),
    UniqueConstraint("pms_connection_id", "pms_practitioner_id"),
    Index("ix_pms_clinician_mappings_clinician", "run_sheet_clinician_id"),
)

pms_appointment_types = Table(
    "pms_appointment_types",
    metadata,
    _key(),
    _account(),
    _connection(),
    Column("pms_type_id", Text, nullable=False),
    Column("pms_type_name", Text, nullable=False),
    Column("default_duration_minutes", Integer),
    Column("colour", Text),
    _switch("is_telehealth", on=False),
    _switch("classified", on=False),
    _switch("sync_enabled", on=True),
    _switch("active", on=True),
    _stamp(),
    _stamp("updated_at"),
    UniqueConstraint("pms_connection_id", "pms_type_id"),
    Index(
        "ix_pms_appointment_types_telehealth",
        "pms_connection_id",
        postgresql_where=text("is_telehealth"),
    ),
)

COUNTERS = (
    "fetched",
    "created",
    "updated",
    "unchanged",
    "skipped",
    "cancelled",
    "removed",
    "rejected",
    "conflicts",
    "requests",
)

pms_sync_log = Table(
    "pms_sync_log",
    metadata,
    _key(),
    _account(),
    _connection(),
    Column("job_id", BigInteger, nullable=False, unique=True),
    Column("sync_type", Text, nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    _word("status", "running"),
    _switch("dry_run", on=False),
    _stamp("started_at"),
    Column("completed_at", INSTANT),
    *(_count(name) for name in COUNTERS),
    _count("queries_done"),
    _count("queries_total"),
    Column("error_message", Text),
    Column("error_details", JSONB),
    Column("diff", LargeBinary),
    Column("trace_id", Text, nullable=False),
    _stamp(),
    Index(
        "ix_pms_sync_log_connection_started",
        "pms_connection_id",
        text("started_at DESC"),
    ),
)

pms_rejects = Table(
    "pms_rejects",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _account(),
    Column("run_id", ID, ForeignKey("pms_sync_log.id"), nullable=False),
    Column("query_key", Text, nullable=False),
    Column("pms_id", Text),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _stamp(),
    Index("ix_pms_rejects_run_id", "run_id"),
)

pms_drift = Table(
    "pms_drift",
    metadata,
    _account(),
    Column(
        "pms_connection_id",
        ID,
        ForeignKey("pms_connections.id"),
        primary_key=True,
    ),
    Column("what", Text, primary_key=True),
    _count("times"),
    _stamp("first_seen_at"),
    _stamp("last_seen_at"),
)

pms_removal_candidates = Table(
    "pms_removal_candidates",
    metadata,
    _account(),
    Column("run_id", ID, ForeignKey("pms_sync_log.id"), primary_key=True),
    Column("appointment_id", ID, primary_key=True),
    _switch("is_listed", on=False),
)

run_sheet_appointments = Table(
    "run_sheet_appointments",
    metadata,
    _key(),
    _account(),
    Column("run_sheet_id", ID, ForeignKey("run_sheets.id"), nullable=False),
    Column("run_sheet_clinician_id", ID, ForeignKey("run_sheet_clinicians.id")),
    _connection(nullable=True),
    Column("pms_appointment_id", Text),
    Column("pms_patient_id", Text, nullable=False, server_default=text("''")),
    Column("pms_practitioner_id", Text),
    Column("pms_start", INSTANT),
    Column("source", Text, nullable=False),
    _switch("is_manual_entry", on=False),
    Column("appointment_time", INSTANT, nullable=False),
    Column("appointment_duration_minutes", Integer, nullable=False),
    Column("appointment_status", Text, nullable=False),
    Column("status_raw", Text),
    _switch("is_telehealth", on=False),
    Column("appointment_type_id", Text),
    Column("appointment_type", Text),
    Column("timezone", Text, nullable=False),
    _texts("flags"),
    Column("patient_name", LargeBinary),
    Column("patient_phone", LargeBinary),
    Column("patient_email", LargeBinary),
    Column("patient_dob", LargeBinary),
    Column("notes", LargeBinary),
    Column("telehealth_links", LargeBinary),
    _object("provenance"),
    Column("touched", LargeBinary),
    Column("fingerprint", LargeBinary),
    Column("removed_at", INSTANT),
    Column("pms_last_synced_at", INSTANT),
    Column("version", Integer, nullable=False, server_default=text("1")),
    _stamp(),
    _stamp("updated_at"),
    Index("ix_run_sheet_appointments_account_time", "account_id", "appointment_time"),
    Index("ix_run_sheet_appointments_connection_start", "pms_connection_id", "pms_start"),
    Index(
        "uq_run_sheet_appointments_pms",
        "pms_connection_id",
        "pms_appointment_id",
        "pms_patient_id",
        unique=True,
        postgresql_where=text("pms_appointment_id IS NOT NULL"),
    ),
)

run_sheet_conflicts = Table(
    "run_sheet_conflicts",
    metadata,
    _key(),
    _account(),
    Column("appointment_id", ID, ForeignKey("run_sheet_appointments.id"), nullable=False),
    Column("field", Text, nullable=False),
    Column("run_id", ID),
    Column("both_values", LargeBinary, nullable=False),
    _stamp("opened_at"),
    Column("settled_at", INSTANT),
    Column("settled_as", Text),
    Column("settled_by", Text),
    Index(
        "uq_run_sheet_conflicts_open",
        "appointment_id",
        "field",
        unique=True,
        postgresql_where=text("settled_at IS NULL"),
    ),
    Index("ix_run_sheet_conflicts_account_id", "account_id", "opened_at"),
)

run_sheet_history = Table(
    "run_sheet_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _account(),
    Column("appointment_id", ID, ForeignKey("run_sheet_appointments.id"), nullable=False),
    Column("run_id", ID),
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    _texts("fields"),
    Column("before", LargeBinary),
    _stamp("at"),
    Index("ix_run_sheet_history_appointment_id", "appointment_id", "id"),
)

run_sheet_events = Table(
    "run_sheet_events",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    _account(),
    Column("kind", Text, nullable=False),
    _connection("connection_id", nullable=True),
    _object("detail"),
    _stamp("at"),
    Index("ix_run_sheet_events_account_id", "account_id", "seq"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id")),
    _connection("connection_id", nullable=True),
    Column("kind", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("vendor", Text),
    _object("args"),
    Column("dedupe_key", Text),
    Column("exclusive_key", Text),
    _word("state", "ready"),
    Column("priority", SmallInteger, nullable=False, server_default=text("0")),
    _stamp("due_at"),
    Column("announced_at", INSTANT),
    _count("attempts"),
    _count("crashes"),
    _count("failures"),
    Column("lease_until", INSTANT),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Text),
    Column("max_seconds", Integer, nullable=False, server_default=text("3600")),
    _object("checkpoint"),
    _object("result"),
    Column("waiting_for", Text),
    Column("error_kind", Text),
    Column("error_text", Text),
    Column("trace_id", Text, nullable=False),
    _stamp(),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    Index(
        "uq_jobs_dedupe_key",
        "dedupe_key",
        unique=True,
        postgresql_where=text("state = 'ready' AND dedupe_key IS NOT NULL"),
    ),
    Index(
        "uq_jobs_exclusive_key",
        "exclusive_key",
        unique=True,
        postgresql_where=text("state = 'running' AND exclusive_key IS NOT NULL"),
    ),
    Index("ix_jobs_ready", "queue", "due_at", postgresql_where=text("state = 'ready'")),
    Index("ix_jobs_running", "lease_until", postgresql_where=text("state = 'running'")),
    Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    Index("ix_jobs_connection_id", "connection_id", "id"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pool", Text, nullable=False),
    _texts("queues"),
    Column("threads", Integer, nullable=False),
    _stamp("started_at"),
    _stamp("seen_at"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every_seconds", Integer, nullable=False),
    _switch("enabled", on=True),
    _stamp("next_at"),
    Column("last_at", INSTANT),
)

vendor_requests = Table(
    "vendor_requests",
    metadata,
    Column("bucket", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("weight", Integer, nullable=False, server_default=text("1")),
    Index("ix_vendor_requests_bucket_at", "bucket", "at"),
)

pms_audit_logs = Table(
    "pms_audit_logs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _account(),
    Column("pms_integration_id", ID),
    Column("action", Text, nullable=False),
    Column("endpoint", Text),
    Column("method", Text),
    Column("user_id", Text),
    Column("vapi_call_id", Text),
    Column("ip_address", INET),
    Column("user_agent", Text),
    Column("request_summary", Text),
    Column("response_status", Integer, nullable=False, server_default=text("0")),
    Column("response_time", Integer),
    _switch("phi_accessed", on=False),
    _texts("phi_fields"),
    Column("patient_id", Text),
    _switch("success", on=True),
    Column("error_message", Text),
    Column("trace_id", Text),
    _stamp(),
    Index("ix_pms_audit_logs_pms_integration_id", "pms_integration_id"),
    Index("ix_pms_audit_logs_account_created", "account_id", "created_at"),
    Index("ix_pms_audit_logs_action", "action"),
    Index("ix_pms_audit_logs_vapi_call_id", "vapi_call_id"),
)

pms_cached_data = Table(
    "pms_cached_data",
    metadata,
    _key(),
    _account(),
    Column("pms_integration_id", ID, ForeignKey("pms_connections.id"), nullable=False),
    Column("cache_key", Text, nullable=False),
    Column("cache_type", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("expires_at", INSTANT),
    _stamp("last_fetched_at"),
    _stamp(),
    UniqueConstraint("pms_integration_id", "cache_key"),
    Index("ix_pms_cached_data_expires_at", "expires_at"),
)
