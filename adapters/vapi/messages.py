"""What Vapi sends, in every shape it was ever published in, read without trusting any of it."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.vapi.endings import reached_nobody
from domain.errors import BadInput

TOOL_CALLS = frozenset({"tool-calls", "function-call"})
DEEPEST = 40
MOST_CALLS = 20
LONGEST_ID = 200
LONGEST_NAME = 80
UNREADABLE = "I did not get all of that. Could you say it again in fewer words?"
"""A model whose answer is cut off writes only the beginning of what it was told."""

TOO_MANY = f"More than {MOST_CALLS} requests at once are too many."
NO_CALL = (
    "This message names neither its call nor its session, so nobody can be looked up and nothing"
    " changed here: please call the practice."
)
WITHOUT_CALL = frozenset({"check-availability", "transfer-to-human"})
"""Tools that need to know no patient and write nothing."""

TYPED = frozenset({"webCall", "vapi.websocketCall"})
"""Calls that no telephone makes (api.vapi.ai openapi Call)."""

SIP = "sip"
"""The transport of a call whose number whoever makes it may have written himself."""

WITHHELD = frozenset({"anonymous", "restricted", "blocked", "unknown", "unavailable", "private"})
KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
NOBODYS = frozenset(f"+{one.translate(KEYPAD)}" for one in WITHHELD)
"""What carriers send in place of a number that is withheld, spelled on a keypad: +266696687."""

ACCOUNT_KEYS = ("accountId", "account_id", "accountid")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of one tool; `problem` says in a sentence why it cannot be carried out."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """The phone call around a message. `accounts` are the ids it claims to be for, all of them.

    `id` may be that of a session or a chat. `guesses` are those a tool's arguments name: a model
    may have filled them in. `reached_nobody`: it was to be passed on to somebody, and was not.
    """

    id: str
    called_number_id: str | None = None
    called_number: str | None = None
    caller: str | None = field(default=None, repr=False)
    accounts: frozenset[str] = frozenset()
    guesses: frozenset[str] = frozenset()
    control_url: str | None = field(default=None, repr=False)
    has_ended: bool = False
    ended_reason: str | None = None
    reached_nobody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: its type, the call, and the tools it asks for; each id once, in order.

    A legacy message has one call and wants a bare result.
    """

    type: str
    call: CallContext
    tool_calls: tuple[ToolCall, ...] = ()
    is_legacy: bool = False


def read(body: bytes, *, tool: str | None = None, mark: str = "") -> Message:
    """The message; `tool` names the one whose own address it came to. BadInput if it is none.

    `mark` tells calls that come without an id apart: another for another body.
    """
    document = _document(body)
    message = _mapping(document.get("message")) or document
    call = _context(message, document)
    kind = _text(message.get("type")) or _kind(message)
    if kind not in TOOL_CALLS:
        return Message(type=kind, call=call)
    found = _tool_calls(message)
    calls = tuple(_each_once(found, made_of=(call.id or "call", mark), tool=tool))
    is_legacy = not _listed(message) and bool(_mapping(message.get("functionCall")))
    guesses = frozenset(one for made in calls for one in _claims(made.arguments))
    return Message(
        type=kind,
        call=replace(call, guesses=guesses),
        tool_calls=tuple(_fit_for(call, _without_claims(one)) for one in calls),
        is_legacy=is_legacy,
    )


def canonical(name: str) -> str:
    """`bookAppointment`, `book_appointment` and `Book-Appointment` are `book-appointment`."""
    made = []
    for number, letter in enumerate(name):
        is_new_word = letter.isupper() and number > 0 and name[number - 1].islower()
        made.append(f"-{letter}" if is_new_word else letter)
    return "".join(made).replace("_", "-").replace(" ", "-").lower()


def one_line(text: str, *, longest: int = 1000) -> str:
    """A result as Vapi takes it: one line, no control characters, not too long."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = _decoded(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadInput("The message is not JSON.") from None
    if not isinstance(document, Mapping) or _is_too_deep(document):
        raise BadInput("The message is not an object, or is nested too deeply.")
    cleaned: Mapping[str, Any] = _clean(document)
    return cleaned


def _decoded(text: str) -> Any:
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a number of JSON")
    return number


def _clean(value: Any) -> Any:
    """Halves of characters and NULs can be written in JSON and stored nowhere."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _is_too_deep(document: Any) -> bool:
    layer = [document]
    for _ in range(DEEPEST):
        layer = [
            inner
            for one in layer
            for inner in (one.values() if isinstance(one, Mapping) else one)
            if isinstance(inner, Mapping | list)
        ]
        if not layer:
            return False
    return True


def _kind(message: Mapping[str, Any]) -> str:
    """Without a type, what it contains says what it is."""
    if _listed(message):
        return "tool-calls"
    return "function-call" if _mapping(message.get("functionCall")) else ""


def _listed(message: Mapping[str, Any]) -> bool:
    return any(
        _list(message.get(key)) for key in ("toolCallList", "toolWithToolCallList", "toolCalls")
    )


def _tool_calls(message: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each call with the name its surroundings give it; the lists repeat one another."""
    calls = _mappings(message.get("toolCallList"))
    if calls:
        yield from ((one, "") for one in calls)
        return
    paired = _mappings(message.get("toolWithToolCallList"))
    if paired:
        for pair in paired:
            function = _mapping(pair.get("function")) or {}
            name = _text(function.get("name")) or _text(pair.get("name"))
            yield _mapping(pair.get("toolCall")) or {}, name
        return
    calls = _mappings(message.get("toolCalls"))
    if calls:
        yield from ((one, "") for one in calls)
        return
    legacy = _mapping(message.get("functionCall"))
    if legacy:
        yield legacy, ""


def _each_once(
    found: Iterator[tuple[Mapping[str, Any], str]], *, made_of: tuple[str, str], tool: str | None
) -> Iterator[ToolCall]:
    seen: set[str] = set()
    call_id, mark = made_of
    for number, (raw, around) in enumerate(found):
        function = _mapping(raw.get("function")) or {}
        name = _text(function.get("name")) or _text(raw.get("name")) or around or (tool or "")
        pms_id = _text(raw.get("id")) or _text(raw.get("toolCallId"))
        made_up = f"{call_id}:{canonical(name)[:LONGEST_NAME]}:{number}:{mark}"
        identifier = pms_id[:LONGEST_ID] or made_up
        if identifier in seen:
            continue
        seen.add(identifier)
        if len(seen) > MOST_CALLS:
            yield ToolCall(id=identifier, name=name[:LONGEST_NAME], problem=TOO_MANY)
        else:
            yield _tool_call(identifier, name, raw, function)


def _tool_call(
    identifier: str, name: str, raw: Mapping[str, Any], function: Mapping[str, Any]
) -> ToolCall:
    given: Any = next(
        (
            part[key]
            for part in (function, raw)
            for key in ("arguments", "parameters")
            if part.get(key) is not None
        ),
        {},
    )
    if isinstance(given, str):
        try:
            given = _decoded(given) if given.strip() else {}
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, Mapping) or _is_too_deep(given):
        return ToolCall(id=identifier, name=name[:LONGEST_NAME], problem=UNREADABLE)
    return ToolCall(id=identifier, name=name[:LONGEST_NAME], arguments=_clean(given))


def _context(message: Mapping[str, Any], document: Mapping[str, Any]) -> CallContext:
    call = _mapping(message.get("call")) or _mapping(document.get("call")) or {}
    number = _mapping(message.get("phoneNumber")) or _mapping(call.get("phoneNumber")) or {}
    customer = _mapping(message.get("customer")) or _mapping(call.get("customer")) or {}
    assistant = _mapping(message.get("assistant")) or _mapping(call.get("assistant")) or {}
    overrides = _mapping(call.get("assistantOverrides")) or {}
    metadata = [
        _mapping(overrides.get("variableValues")),
        _mapping(overrides.get("metadata")),
        _mapping(call.get("metadata")),
        _mapping(message.get("metadata")),
        _mapping(document.get("metadata")),
        _mapping(assistant.get("metadata")),
    ]
    monitor = _mapping(call.get("monitor")) or {}
    reason = _text(message.get("endedReason"))[:LONGEST_NAME] or None
    claims = [one for part in metadata for one in _claims(part or {})]
    return CallContext(
        id=(_text(call.get("id")) or _written_in(message))[:LONGEST_ID],
        called_number_id=_text(call.get("phoneNumberId")) or _text(number.get("id")) or None,
        called_number=_text(number.get("number")) or None,
        caller=_caller(call, _text(customer.get("number"))),
        accounts=frozenset([*claims, *_static(message)]),
        control_url=_text(monitor.get("controlUrl")) or None,
        has_ended=_has_ended(message),
        ended_reason=reason,
        reached_nobody=reached_nobody(reason),
    )


def _caller(call: Mapping[str, Any], number: str) -> str | None:
    """The number where a telephone network tells it; elsewhere anybody may have typed it."""
    is_sip = _text(call.get("phoneCallTransport")).casefold() == SIP
    is_dialled = bool(call) and not is_sip and _text(call.get("type")) not in TYPED
    return number if number and is_dialled and number not in NOBODYS else None


def _has_ended(message: Mapping[str, Any]) -> bool:
    """Its report may take a while to be put together; that it is over is told before."""
    kind, status = _text(message.get("type")), _text(message.get("status"))
    return kind == "end-of-call-report" or (kind, status) == ("status-update", "ended")


def _written_in(message: Mapping[str, Any]) -> str:
    """The session, or the chat that is all there is of it; empty where each turn has a new id."""
    chat = _mapping(message.get("chat")) or {}
    session = _mapping(message.get("session")) or _mapping(chat.get("session")) or {}
    told = _text(chat.get("sessionId")) or _text(session.get("id"))
    return told or ("" if _text(chat.get("previousChatId")) else _text(chat.get("id")))


def _claims(values: Mapping[str, Any]) -> list[str]:
    return [text for key in ACCOUNT_KEYS if (text := _text(values.get(key)))]


def _static(message: Mapping[str, Any]) -> list[str]:
    """What the definitions of the tools themselves say, which no model fills in."""
    return [
        text
        for pair in _mappings(message.get("toolWithToolCallList"))
        for one in _mappings(pair.get("parameters"))
        if one.get("key") in ACCOUNT_KEYS and (text := _text(one.get("value")))
    ]


def _fit_for(call: CallContext, made: ToolCall) -> ToolCall:
    """What is proved, tried and written is counted by conversation: without one nothing is."""
    if call.id or made.problem or canonical(made.name) in WITHOUT_CALL:
        return made
    return replace(made, problem=NO_CALL)


def _without_claims(made: ToolCall) -> ToolCall:
    """An account is no argument of a tool: it was weighed with the other claims."""
    kept = {key: value for key, value in made.arguments.items() if key not in ACCOUNT_KEYS}
    return replace(made, arguments=kept)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()
