"""What protects the rows beside their tables: policies, triggers, row security, exclusions."""

from adapters.storage.tables.columns import metadata

OF_ALL_ACCOUNTS = (
    "authorisation_states",
    "accounts",
    "agreements",
    "audit_findings",
    "deliveries",
    "idempotency_keys",
    "paused_queues",
    "phone_calls",
    "pms_authorisations",
    "pms_backfills",
    "pms_connection_checks",
    "text_messages",
    "tool_calls",
)
"""Of which the dispatch role sees every account's rows."""

OTHERS = (
    "policy audit_chain.all_links",
    "policy audit_chain.own_account_archived",
    "policy audit_cuts.own_account_cut",
    "policy audit_heads.all_heads",
    "policy jobs.all_jobs",
    "policy pms_audit_logs.all_ids",
    "policy pms_audit_logs.past_keeping",
    "policy pms_cached_data.ended",
    "policy pms_connections.all_connections",
    "policy pms_sync_log.all_runs",
    "policy pms_writes.counted",
    "policy run_sheet_events.all_events",
    "policy slot_holds.may_run_out",
    "policy sync_summaries.counted",
    "policy users.all_users",
    "trigger audit_chain.append_only_chain",
    "trigger audit_chain.no_truncate_chain",
    "trigger audit_cuts.append_only_cuts",
    "trigger audit_cuts.no_truncate_cuts",
    "trigger pms_audit_logs.append_only",
    "trigger pms_audit_logs.no_truncate",
    "exclusion ex_slot_holds_overlap",
)


def guards() -> frozenset[str]:
    """Every one by kind, table and name, as `migrations.drift` finds them."""
    owned = {table.name for table in metadata.tables.values() if "account_id" in table.columns}
    return frozenset(
        {
            *(f"row security of {name}" for name in {"accounts", *owned}),
            *(f"policy {name}.own_account" for name in {"accounts", *owned}),
            *(f"policy {name}.all_accounts" for name in OF_ALL_ACCOUNTS),
            *OTHERS,
        }
    )
