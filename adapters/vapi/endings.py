"""What Vapi's word for the end of a call says of the person it was to be passed on to."""

NOT_PUT_THROUGH = frozenset(
    {
        "call.in-progress.error-transfer-failed",
        "customer-ended-call-during-transfer",
        "customer-ended-call-before-warm-transfer",
        "customer-ended-call-after-warm-transfer-attempt",
    }
)
KINDS = ("call.forwarding.", "call.in-progress.error-warm-transfer-")
"""How all of one kind begin; of the hundreds of reasons new ones come."""


def reached_nobody(ended_reason: str | None) -> bool:
    """Whether the caller was to be passed on, and nobody took the call.

    That one was passed on (`assistant-forwarded-call`) says only that it was begun: a blind
    transfer has no end that Vapi knows of.
    [documented: docs.vapi.ai/calls/call-ended-reason; api.vapi.ai openapi]
    """
    told = ended_reason or ""
    return told in NOT_PUT_THROUGH or told.startswith(KINDS)
