"""Sikka's marketplace: where a practice lets us in, and what proves that an event is its own."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from infra.settings import Settings

PORTAL = "https://api.sikkasoft.com/portal/authapp.aspx"
"""As others who use the API describe it; the operator may be given another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """`callback_key` is asked of every event where it is set."""

    url: str = PORTAL
    callback_key: str | None = field(default=None, repr=False)

    def link(self, *, app_id: str, state: str, back_to: str) -> str:
        """Where to send whoever may let us in; the state comes back with the event."""
        parts = urlsplit(self.url)
        more = {"app_id": app_id, "redirect_uri": back_to, "state": state}
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
        return urlunsplit(parts._replace(query=query))


def marketplace(settings: Settings) -> Marketplace:
    key = settings.sikka_callback_key
    return Marketplace(
        url=settings.sikka_marketplace_url or PORTAL,
        callback_key=key.get_secret_value() if key else None,
    )
