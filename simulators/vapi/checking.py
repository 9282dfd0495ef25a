"""What Vapi refuses in a tool, in the words of its 400: lists of sentences."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SHORTEST, LONGEST = 1, 300
TIMING = (100, 120000)
MESSAGES = frozenset(
    {"request-start", "request-complete", "request-failed", "request-response-delayed"}
)
CHANGEABLE = frozenset(
    {"async", "messages", "function", "server", "parameters"}
    | {"variableExtractionPlan", "rejectionPlan"}
)
SERVER = frozenset(
    {"url", "timeoutSeconds", "credentialId", "headers", "backoffPlan"}
    | {"staticIpAddressesEnabled", "encryptedPaths"}
)


def problems(tool: Mapping[str, Any], *, is_new: bool) -> list[str]:
    """None at all, or one sentence for each thing that is wrong."""
    known = CHANGEABLE | ({"type"} if is_new else frozenset())
    found = [f"property {one} should not exist" for one in tool if one not in known]
    if is_new and tool.get("type") != "function":
        found.append("type must be one of the following values: function")
    if is_new or "function" in tool:
        found += _of_function(tool.get("function"))
    if "server" in tool:
        found += _of_server(tool["server"])
    return [*found, *_of_messages(tool.get("messages")), *_of_parameters(tool.get("parameters"))]


def _of_function(function: Any) -> Iterator[str]:
    if not isinstance(function, Mapping):
        yield "function must be an object"
        return
    if not isinstance(function.get("name"), str) or not NAME.fullmatch(function["name"]):
        yield "function.name must match /^[a-zA-Z0-9_-]{1,64}$/"
    parameters = function.get("parameters")
    if parameters is None:
        return
    if not isinstance(parameters, Mapping) or parameters.get("type") != "object":
        yield "function.parameters.type must be object"
        return
    given = set(parameters.get("properties") or {})
    for one in parameters.get("required") or ():
        if one not in given:
            yield f"function.parameters.required names {one}, which is no property"


def _of_server(server: Any) -> Iterator[str]:
    if not isinstance(server, Mapping):
        yield "server must be an object"
        return
    yield from (f"server.property {one} should not exist" for one in server if one not in SERVER)
    if not str(server.get("url") or "").startswith(("https://", "http://")):
        yield "server.url must be a URL address"
    seconds = server.get("timeoutSeconds", 20)
    if not isinstance(seconds, int | float) or not SHORTEST <= seconds <= LONGEST:
        yield f"server.timeoutSeconds must be between {SHORTEST} and {LONGEST}"


def _of_messages(messages: Any) -> Iterator[str]:
    for number, one in enumerate(messages if isinstance(messages, list) else ()):
        if not isinstance(one, Mapping) or one.get("type") not in MESSAGES:
            yield f"messages.{number}.type is no tool message"
            continue
        timing = one.get("timingMilliseconds")
        if timing is not None and not TIMING[0] <= timing <= TIMING[1]:
            yield f"messages.{number}.timingMilliseconds must be from {TIMING[0]} to {TIMING[1]}"


def _of_parameters(parameters: Any) -> Iterator[str]:
    for number, one in enumerate(parameters if isinstance(parameters, list) else ()):
        if not isinstance(one, Mapping) or not one.get("key") or "value" not in one:
            yield f"parameters.{number} needs a key and a value"
