"""Whether an answer is what the document says of it."""

import httpx
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from producers import routes


def is_as_described(answer: httpx.Response) -> None:
    """A success is all that its route's model tells, and nothing else; a refusal may be any."""
    if answer.is_success:
        route = _route(answer.request.method, answer.request.url.path)
        TypeAdapter(route.response_model).validate_json(answer.content, extra="forbid")


def _route(method: str, path: str) -> APIRoute:
    every = (one for router in routes.found()[0] for one in router.routes)
    own = (one for one in every if isinstance(one, APIRoute) and method in (one.methods or ()))
    return next(one for one in own if one.path_regex.match(path))
