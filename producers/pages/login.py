"""Signing in with a one-time link, and out again."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.storage.audit.audit import record
from adapters.storage.people.revoking import end_everywhere
from adapters.storage.people.sessions import end_session, find_session, is_unspent, spend_login_link
from domain.people import Person
from infra.database import dispatch, transaction
from producers.attempts import check_attempts, note_failure
from producers.pages.rendering import open_to, render
from producers.ports import GivenPorts, Ports
from producers.security import (
    access_of,
    authenticate,
    check_csrf,
    check_signs_in,
    forget_cookie,
    session_cookie,
    set_cookie,
)

router = APIRouter(include_in_schema=False)

SAYS_WHERE = {"Referrer-Policy": "strict-origin"}
"""Under a stricter one a browser would not say whose page the button was pressed on."""


@router.get("/login")
def ask(request: Request, ports: GivenPorts, token: str = "") -> HTMLResponse:
    """A button, so that a preview of the link does not spend it; none where it is spent already."""
    with dispatch(ports.database) as db:
        is_good = not token or is_unspent(db, token, now=ports.clock())
        inside = find_session(db, session_cookie(request, ports), now=ports.clock())
    page = render(
        request,
        "login.html",
        token=token if is_good else "",
        refused=not is_good,
        inside=inside,
        first=next(iter(open_to(request, inside)), None),
    )
    page.headers.update(SAYS_WHERE)
    return page


@router.post("/login")
def sign_in(request: Request, ports: GivenPorts, token: Annotated[str, Form()] = "") -> Response:
    check_signs_in(request, ports)
    check_attempts(request, ports)
    with dispatch(ports.database) as db:
        opened = spend_login_link(db, token, now=ports.clock())
        person = find_session(db, opened.token, now=ports.clock()) if opened else None
    if opened is None or person is None:
        note_failure(request, ports)
        status = HTTPStatus.UNAUTHORIZED
        return render(
            request, "login.html", status=status, token="", refused=True, inside=None, first=None
        )
    _noted(request, ports, person, "session.opened")
    first = next(iter(open_to(request, person)), None)
    answer = RedirectResponse(first.path if first else "/", status_code=HTTPStatus.SEE_OTHER)
    set_cookie(answer, opened, ports)
    return answer


@router.post("/logout")
def sign_out(
    request: Request,
    ports: GivenPorts,
    csrf: Annotated[str, Form()] = "",
    *,
    everywhere: Annotated[bool, Form()] = False,
) -> Response:
    """Here, or `everywhere`: every session of this person, and links they have not used yet."""
    person = authenticate(request, ports)
    check_csrf(request, person, csrf)
    with dispatch(ports.database) as db:
        end_session(db, session_cookie(request, ports))
        if everywhere:
            end_everywhere(db, account_id=person.account_id, name=person.name)
    _noted(request, ports, person, "session.ended_everywhere" if everywhere else "session.ended")
    answer = RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    forget_cookie(answer, ports)
    return answer


def _noted(request: Request, ports: Ports, person: Person, action: str) -> None:
    with transaction(ports.database, account_id=person.account_id) as db:
        access = access_of(request, person)
        record(db, access, account_id=person.account_id, action=action)
