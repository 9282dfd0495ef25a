"""`/settings` leads to the settings of each connection."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from domain.people import Permission
from producers.doors import door
from producers.pages import connections

router = APIRouter(include_in_schema=False)


@router.get("/settings", dependencies=[Depends(door(Permission.SEE_STATUS))])
def page() -> RedirectResponse:
    """The list that each connection's settings are opened from."""
    return RedirectResponse(connections.NAV.path, status_code=HTTPStatus.SEE_OTHER)
