"""Answers a caller who waits: one tool call, claimed once, told in one sentence, audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from domain.errors import BadInput, SyncError
from domain.jobs import Job
from domain.tools import BROKEN, NO_PRACTICE, NOT_NOW, UNKNOWN_TOOL, Tool, ToolAnswer, ToolRequest
from infra.stopping import HandBack

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Opened:
    """A claimed tool call; without a `request` the account has nothing that could serve it."""

    tool: str
    request: ToolRequest | None


class Calls(Protocol):
    """Where tool calls are kept, and what it takes to carry one out."""

    def open(self, job: Job) -> Opened | None: ...
    def answer(self, job: Job, said: ToolAnswer) -> bool: ...


def answer_tool_call(job: Job, *, calls: Calls, tools: Mapping[str, Tool]) -> Mapping[str, Any]:
    """Carry it out and keep the answer; one that was answered, or given up, is left alone."""
    opened = calls.open(job)
    if opened is None:
        return {"heard": False}
    said = _said(opened, tools)
    return {"tool": opened.tool, "heard": calls.answer(job, said)}


def _said(opened: Opened, tools: Mapping[str, Tool]) -> ToolAnswer:
    """Whatever goes wrong, the caller hears a sentence and nothing of the machinery."""
    tool = tools.get(opened.tool)
    if tool is None:
        return ToolAnswer(text=UNKNOWN_TOOL, is_error=True)
    if opened.request is None:
        return ToolAnswer(text=NO_PRACTICE, is_error=True)
    try:
        return tool(opened.request)
    except HandBack:
        raise
    except BadInput as problem:
        return ToolAnswer(text=str(problem), is_error=True)
    except SyncError as error:
        log.warning("tool.failed", tool=opened.tool, error_kind=error.kind, error=str(error))
        return ToolAnswer(text=NOT_NOW, is_error=True)
    except Exception:
        log.exception("tool.crashed", tool=opened.tool)
        return ToolAnswer(text=BROKEN, is_error=True)
