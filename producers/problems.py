"""Errors as RFC 9457 problem details, or as a page where a person is looking."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match

from adapters.storage.practices.connections import Taken
from adapters.storage.runs.asking import Full
from domain.errors import BadInput, SyncError, Transient
from domain.overlaps import Overlapping
from domain.people import Person
from domain.sheet import NotOnSheet, Settled, Stale
from infra.database import DatabaseAway
from producers.pages.rendering import NavItem, open_to, render

log = structlog.get_logger()

STATUS: Mapping[type[SyncError], HTTPStatus] = {
    Taken: HTTPStatus.CONFLICT,
    BadInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotOnSheet: HTTPStatus.NOT_FOUND,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Settled: HTTPStatus.CONFLICT,
    Overlapping: HTTPStatus.CONFLICT,
    Full: HTTPStatus.TOO_MANY_REQUESTS,
}
# What a person reads above the sentence; a status's own phrase means nothing to them.
TITLES: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "That cannot be read",
    HTTPStatus.FORBIDDEN: "This is not yours to open",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "That cannot be done here",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That cannot be read",
    HTTPStatus.TOO_MANY_REQUESTS: "Enough for now",
    HTTPStatus.INTERNAL_SERVER_ERROR: "That did not work",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available right now",
}
# A text's length is told in items where its words were checked before.
TOO_LONG = frozenset({"string_too_long", "too_long"})
TOO_SHORT = frozenset({"string_too_short", "too_short"})


class Place(BaseModel):
    """Where a request cannot be read, never what stood there."""

    at: str
    problem: str


class ProblemDetails(BaseModel):
    """Why a request has failed (RFC 9457); `detail` is a sentence that says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[Place] = []


READING = frozenset({"GET", "HEAD"})
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
SORRY = "Something went wrong on our side. It has been logged; try again in a moment."
AWAY = "Something this needs cannot be reached just now; try again in a moment."
NOTHING_HERE = "There is nothing at this address."
NOWHERE = "The address may have been mistyped, or what it led to is gone."
NO_PAGE = "This address is no page: it answers a button or a program. Go back and use the button."
NOT_UNDERSTOOD = "The end of the address says what is to be shown, and is not understood"
FROM_MENU = "Open the page again from the menu."
SENTENCES: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: NOTHING_HERE,
    HTTPStatus.BAD_REQUEST: "The body of the request cannot be read; send JSON, or a whole form.",
}
"""For what is refused before any of ours is asked."""

PASSING = frozenset({HTTPStatus.TOO_MANY_REQUESTS})
PAUSE = {"Retry-After": "5"}
MOST_PLACES = 10
LONGEST_PLACE = 120


class Problem(Exception):
    """An answer that is not a success; `detail` says what to do and holds no patient data."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        # Half a character, where a name that was sent is told again, could be shown nowhere.
        self.detail = detail.encode(errors="replace").decode()
        self.headers = dict(headers or {})
        self.more = more


def install(app: FastAPI, *, whoever: Callable[[Request], Person | None]) -> None:
    """Every way to fail ends in one shape; `whoever` says who looks on where nobody was asked."""
    app.state.whoever = whoever
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(SyncError, _sync_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, crash)


def answer(request: Request, problem: Problem) -> Response:
    if _is_page(request):
        if problem.status is HTTPStatus.UNAUTHORIZED:
            return RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
        person = getattr(request.state, "person", None) or request.app.state.whoever(request)
        title = TITLES.get(problem.status, problem.status.phrase)
        page = render(
            request,
            "problem.html",
            status=problem.status,
            person=person,
            problem=problem,
            title=title,
            request_id=_to_quote(request, problem),
            passes=_passes(request, problem),
            back=_way_back(request, person),
        )
        page.headers.update(problem.headers or {})
        return page
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "request_id": getattr(request.state, "request_id", None),
        **problem.more,
    }
    return Response(
        json.dumps(body),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def _is_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _problem(request: Request, error: Exception) -> Response:
    """A page needs a thread; programs do not, and a caller's assistant is one."""
    if not isinstance(error, Problem):
        raise TypeError("not a problem") from error
    if _is_page(request):
        return await run_in_threadpool(answer, request, error)
    return answer(request, error)


def _sync_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Transient):
        return answer(request, _away(error))
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return answer(request, Problem(status, str(error)))
    return crash(request, error)


def _away(error: Transient) -> Problem:
    """The database, the store of secrets or a vendor; its own words are for the log."""
    if isinstance(error, DatabaseAway):
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, SORRY, headers=PAUSE)
    log.warning("request.failed", error_kind=error.kind, error=str(error))
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY, headers=PAUSE)


def _invalid(request: Request, error: Exception) -> Response:
    """Names the places, never what stood there; of very many the first."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    if _is_page(request) and request.method in READING:
        return answer(request, _unread([one["loc"] for one in errors]))
    places = [{"at": _place(one["loc"]), "problem": _said(one)} for one in errors[:MOST_PLACES]]
    told = [f"{place['at']}: {place['problem']}" for place in places]
    if len(errors) > MOST_PLACES:
        told.append(f"and {len(errors) - MOST_PLACES} more")
    detail = "The request cannot be read: " + "; ".join(told)
    return answer(request, Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=places))


def _said(error: Mapping[str, Any]) -> str:
    """As people say it, where a text is too long or empty."""
    if not isinstance(error["input"], str):
        return str(error["msg"])
    if error["type"] in TOO_LONG:
        return f"at most {error['ctx']['max_length']:,} characters"
    if error["type"] in TOO_SHORT and error["ctx"]["min_length"] == 1:
        return "must not be empty"
    return str(error["msg"])


def _unread(places: Sequence[Sequence[Any]]) -> Problem:
    """For somebody whose address was mistyped or cut: no such page, or what it is shown by."""
    if any(place[0] == "path" for place in places):
        return Problem(HTTPStatus.NOT_FOUND, NOWHERE)
    names = sorted({_place(place[-1:]) for place in places})
    told = f" ({', '.join(names[:MOST_PLACES])})" if names else ""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{NOT_UNDERSTOOD}{told}. {FROM_MENU}")


def _place(steps: Iterable[object]) -> str:
    found = ".".join(str(step) for step in steps)
    return found if len(found) <= LONGEST_PLACE else f"{found[:LONGEST_PLACE]}…"


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError("not an HTTP error") from error
    status = HTTPStatus(error.status_code)
    detail = SENTENCES.get(status, f"{status.phrase}.")
    if status is HTTPStatus.NOT_FOUND and _is_page(request):
        detail = NOWHERE
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = taken = ", ".join(_taken(request))
        other = f"This address takes {taken}; it was asked with {request.method}."
        detail = NO_PAGE if _is_page(request) else other
    return answer(request, Problem(status, detail, headers=headers))


def _taken(request: Request) -> list[str]:
    """The methods that the address takes; Starlette names those of its first route only."""
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(one.matches({**request.scope, "method": method})[0] is Match.FULL for one in routes)
    ]


def _to_quote(request: Request, problem: Problem) -> str | None:
    """By what our own fault is found in the log."""
    is_ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return getattr(request.state, "request_id", None) if is_ours else None


def _way_back(request: Request, person: Person | None) -> NavItem | None:
    """The page that the address lies below, for those who may open it; else their first one.

    Never the very address that answered so: nobody gets out by asking it again.
    """
    links = open_to(request, person)
    path, query = request.url.path, request.url.query
    above = (link for link in links if link.is_at(path) and (query or link.path != path))
    return next(above, next(iter(links), None))


def _passes(request: Request, problem: Problem) -> bool:
    """Whether the same page may well open in a moment: no reason then to lead anybody elsewhere."""
    is_ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return request.method == "GET" and (is_ours or problem.status in PASSING)


def crash(request: Request, error: Exception) -> Response:
    log.error("request.failed", exc_info=error)
    # The web server ends the connection of a request that crashed: nobody is to ask on it again.
    close = {"Connection": "close"}
    return answer(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, SORRY, headers=close))
