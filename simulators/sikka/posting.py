"""Posts JSON to somebody's address and says how it was taken."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

TIMEOUT_SECONDS = 10


class _Unmoved(urllib.request.HTTPRedirectHandler):
    """An answer that sends elsewhere is no success and is not followed."""

    def redirect_request(self, *args: object, **fields: object) -> None:
        return None


def check_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address begins with http:// or https://")
    return url


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """The status; none when nobody was there."""
    told = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, body, told, method="POST")  # noqa: S310 - checked
    try:
        with urllib.request.build_opener(_Unmoved).open(request, timeout=TIMEOUT_SECONDS) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    except (OSError, http.client.HTTPException):  # the delivery says so by having no status
        return None
