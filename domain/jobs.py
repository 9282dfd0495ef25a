"""A job: a row in the ledger that says what to do, for whom, and how it went so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Queue(StrEnum):
    """Where a job waits; one pool of workers each."""

    VOICE = "voice"
    SYNC = "sync"
    DEFAULT = "default"


class JobState(StrEnum):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be written: ids, dates and switches only, never content.

    `dedupe_key` is unique among ready jobs: a second put pulls `due_at` forward and priority up.
    `exclusive_key` is unique among running ones: two jobs that share it never overlap.
    """

    kind: str
    queue: Queue = Queue.DEFAULT
    account_id: str | None = None
    connection_id: UUID | None = None
    vendor: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    dedupe_key: str | None = None
    exclusive_key: str | None = None
    priority: int = 0
    due_at: datetime | None = None
    trace_id: str | None = None
    max_seconds: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job; every write it makes is guarded by `fence`."""

    id: int
    fence: int
    kind: str
    queue: Queue
    account_id: str | None
    connection_id: UUID | None
    vendor: str | None
    args: Mapping[str, Any]
    attempts: int
    failures: int
    checkpoint: Mapping[str, Any]
    trace_id: str
    created_at: datetime


def text(job: Job, key: str, default: str = "") -> str:
    """A job's argument as text; jobs written by older or newer code may lack it."""
    value = job.args.get(key, default)
    return default if value is None else str(value)


MAX_FAILURES = 3
"""Failures, or crashes, without progress in between, before a job is dead."""
