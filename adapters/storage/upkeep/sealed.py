"""Which columns are sealed, or hang on our keys in another way."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTable:
    """A table's sealed columns; `row` is the SQL of what its seals call the row they belong to.

    Of some tables there are rows `without_account`, which only the dispatch role sees.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    row: str = "id"
    without_account: bool = False


SEALED: tuple[SealedTable, ...] = (
    SealedTable(
        name="run_sheet_appointments",
        columns=(
            "patient_name",
            "patient_phone",
            "patient_email",
            "patient_dob",
            "notes",
            "telehealth_links",
            "touched",
        ),
    ),
    SealedTable(name="run_sheet_conflicts", columns=("both_values",), row="appointment_id"),
    SealedTable(name="run_sheet_history", columns=("before",), row="appointment_id"),
    SealedTable(name="pms_sync_log", columns=("diff",)),
    SealedTable(name="recorded_parts", columns=("part",)),
    SealedTable(name="patient_links", columns=("person", "candidates")),
    SealedTable(name="tool_calls", columns=("arguments", "caller", "answer")),
    SealedTable(
        name="phone_calls",
        columns=("caller", "proofs"),
        key=("account_id", "call_id"),
        row="call_id",
    ),
    SealedTable(name="pms_writes", columns=("request",)),
    SealedTable(name="text_messages", columns=("recipient", "body")),
    SealedTable(
        name="text_opt_outs",
        columns=("recipient",),
        key=("account_id", "recipient_hash"),
        row="account_id",
    ),
    SealedTable(name="deliveries", columns=("body",), without_account=True),
    SealedTable(
        name="idempotency_keys",
        columns=("answer",),
        key=("account_id", "route", "key"),
        row="route || ' ' || key",
    ),
    SealedTable(
        name="pms_cached_data",
        columns=("data",),
        row="pms_integration_id || ' ' || cache_key",
    ),
)

INDEXED: Mapping[str, str] = MappingProxyType(
    {
        "patient_links": "person_hash",
        "text_messages": "recipient_hash",
        "text_opt_outs": "recipient_hash",
        "pms_connections": "webhook_key_hash",
        "authorisation_states": "token_hash",
    }
)
"""Blind indexes: the first bytes name the key."""

PRINTED = frozenset({"fingerprint", "pms_print", "pms_origin"})
"""Fingerprints of the sheet's rows, which name theirs after their version."""

UNKEYED = frozenset(
    {
        "login_links.token_hash",
        "sessions.token_hash",
        "idempotency_keys.request_hash",
        "tool_calls.arguments_print",
        "audit_chain.key_id",
        "audit_chain.hash",
        "audit_cuts.hash",
        "audit_cuts.key_id",
        "audit_cuts.digest",
        "audit_cuts.mark",
        "audit_heads.hash",
    }
)
"""Bytes that hang on no key of ours, or on that of the audit, which chains and seals nothing.

Prints of what was asked are compared with what comes again within minutes, and not made anew.
"""
