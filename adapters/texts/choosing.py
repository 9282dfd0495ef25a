"""Twilio as the settings describe it, or nobody who sends texts."""

from urllib.parse import urlsplit

from adapters.texts.twilio import BASE_URL, Twilio
from infra.clock import system_clock
from infra.http import Client
from infra.settings import Settings
from infra.vendor_urls import VendorUrls, is_loopback

USER_AGENT = "pms-sync/0.1 (support@pms-sync.invalid)"
STATUS_PATH = "/twilio/status"
READ_SECONDS = 15.0


def is_set_up(settings: Settings) -> bool:
    """Whether texts can be sent at all."""
    named = (settings.twilio_account_sid, settings.twilio_messaging_service_sid)
    return all(named) and settings.twilio_auth_token is not None


def text_sender(settings: Settings) -> Twilio | None:
    """None where no account is named: texts are kept then, and shown as not sent."""
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    service = settings.twilio_messaging_service_sid
    if not (sid and token and service):
        return None
    told = settings.vendor_urls.get("twilio", VendorUrls())
    base_url = told.base_url or BASE_URL
    host = urlsplit(base_url).hostname or ""
    sender = Client(
        {host},
        USER_AGENT,
        allow_loopback_http=is_loopback(host) and not settings.is_production,
        minimum_tls="1.2" if told.minimum_tls == "1.2" else "1.3",
        read_seconds=READ_SECONDS,
    )
    return Twilio(
        sender=sender,
        account_sid=sid,
        auth_token=token.get_secret_value(),
        messaging_service_sid=service,
        clock=system_clock,
        base_url=base_url,
        status_url=_status_url(settings.app_base_url, is_simulated=is_loopback(host)),
    )


def _status_url(our_url: str, *, is_simulated: bool) -> str | None:
    """Twilio refuses a message whose callback it cannot reach."""
    reachable = our_url.startswith("https://") or is_simulated
    return f"{our_url}{STATUS_PATH}" if reachable else None
