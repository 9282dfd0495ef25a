"""The endpoints that need no request key: those that hand one out, and the application's own."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simulators.front import said
from simulators.serving import Reply, Request
from simulators.sikka import errors, support, writing

if TYPE_CHECKING:
    from simulators.sikka.api import Sikka

Door = Callable[["Sikka", Request, str], Reply]


def _grant(vendor: "Sikka", request: Request, rest: str) -> Reply:
    return said(vendor.keys.grant(writing.read(request.body)))


def _revoke(vendor: "Sikka", request: Request, rest: str) -> Reply:
    vendor.keys.revoke(request)
    return errors.answer("API0002")


def _revoke_refresh(vendor: "Sikka", request: Request, rest: str) -> Reply:
    vendor.keys.app.check(request.headers.get("app-id"), request.headers.get("app-key"))
    vendor.keys.revoke_refresh(request.headers.get("refresh-key", ""))
    return errors.answer("API0002")


def _info(vendor: "Sikka", request: Request, rest: str) -> Reply:
    return said(vendor.keys.info(request.values().get("request_key", "")))


def _authorized(vendor: "Sikka", request: Request, rest: str) -> Reply:
    """The application's own headers, or the key of one office."""
    only = None
    if "app-id" not in request.headers and vendor.keys.key_of(request):
        only = vendor.keys.admit(request)
    else:
        vendor.keys.app.check(request.headers.get("app-id"), request.headers.get("app-key"))
    values = {**request.values(), **({"office_id": rest} if rest else {})}
    return vendor.plain(
        request, "authorized_practices", support.authorized(vendor.cloud, values, only)
    )


def _withdraw(vendor: "Sikka", request: Request, rest: str) -> Reply:
    vendor.keys.app.check(request.headers.get("app-id"), request.headers.get("app-key"))
    return support.withdraw(vendor.cloud, request.values().get("id", ""))


def _command(vendor: "Sikka", request: Request, rest: str) -> Reply:
    vendor.keys.app.check(request.headers.get("app-id"), request.headers.get("app-key"))
    return support.command(vendor.cloud, writing.read(request.body))


def _supported(name: str) -> Door:
    return lambda vendor, request, rest: vendor.supported(request, name)


DOORS: Mapping[tuple[str, str], Door] = {
    ("POST", "request_key"): _grant,
    ("DELETE", "request_key"): _revoke,
    ("DELETE", "refresh_key"): _revoke_refresh,
    ("GET", "request_key_info"): _info,
    ("GET", "authorized_practices"): _authorized,
    ("DELETE", "writebacks"): _withdraw,
    ("POST", "remote_command"): _command,
    **{("GET", name): _supported(name) for name in support.SUPPORT},
}
