"""Answers a caller who waits: one tool call, claimed once, told in one sentence, audited."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from domain.errors import BadInput, SyncError, Throttled
from domain.jobs import Job
from domain.tools import (
    BROKEN,
    BUSY_NOW,
    NO_PRACTICE,
    NOT_NOW,
    UNKNOWN_TOOL,
    Tool,
    ToolAnswer,
    ToolRequest,
)
from infra.stopping import HandBack


@dataclass(frozen=True, slots=True)
class Opened:
    """A claimed tool call; without a `request` the account has nothing that could serve it.

    `trouble` is why its practice could not be opened just now. What needs no practice is `alone`.
    """

    tool: str
    request: ToolRequest | None
    trouble: SyncError | None = None
    alone: Callable[[], ToolAnswer] | None = None

    def asked(self) -> ToolRequest | None:
        if self.trouble is not None:
            raise self.trouble
        return self.request


class Calls(Protocol):
    """Where tool calls are kept, and what it takes to carry one out.

    `within` ends what is asked of a vendor when the caller must have an answer.
    """

    def open(self, job: Job) -> Opened | None: ...
    def answer(self, job: Job, said: ToolAnswer) -> bool: ...
    def within(self, request: ToolRequest) -> AbstractContextManager[None]: ...
    def note(self, tool: str, trouble: Exception) -> None: ...


def answer_tool_call(job: Job, *, calls: Calls, tools: Mapping[str, Tool]) -> Mapping[str, Any]:
    """Carry it out and keep the answer; one that was answered, or given up, is left alone."""
    opened = calls.open(job)
    if opened is None:
        return {"heard": False}
    said = _said(opened, tools, calls)
    return {"tool": opened.tool, "heard": calls.answer(job, said)}


def _said(opened: Opened, tools: Mapping[str, Tool], calls: Calls) -> ToolAnswer:
    """Whatever goes wrong, the caller hears a sentence and nothing of the machinery."""
    tool = tools.get(opened.tool)
    if tool is None:
        return ToolAnswer(text=UNKNOWN_TOOL, is_error=True)
    try:
        return _carried_out(opened, tool, calls)
    except HandBack:
        raise
    except BadInput as problem:
        return ToolAnswer(text=str(problem), is_error=True)
    except SyncError as error:
        calls.note(opened.tool, error)
        text = BUSY_NOW if isinstance(error, Throttled) else NOT_NOW
        return ToolAnswer(text=text, is_error=True)
    except Exception as error:  # noqa: BLE001 - noted with its place, and the caller hears words
        calls.note(opened.tool, error)
        return ToolAnswer(text=BROKEN, is_error=True)


def _carried_out(opened: Opened, tool: Tool, calls: Calls) -> ToolAnswer:
    if opened.request is None and opened.alone is not None:
        return opened.alone()
    request = opened.asked()
    if request is None:
        return ToolAnswer(text=NO_PRACTICE, is_error=True)
    # A vendor that hangs must not keep this worker from callers of other practices.
    with calls.within(request):
        return tool(request)
