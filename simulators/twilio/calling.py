"""Posts signed callbacks to whoever is told of messages, several times and in any order."""

from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from simulators.twilio.account import Account
from simulators.twilio.messages import Message

SECONDS = 10


def post(account: Account, url: str, form: Mapping[str, str]) -> int:
    """The answer's status; 0 where nobody answered."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": account.signature(url, form),
    }
    line = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=SECONDS)
    try:
        line.request("POST", target, urlencode(form), headers)
        return line.getresponse().status
    except (OSError, HTTPException):  # nobody there: a callback is told once and then forgotten
        return 0
    finally:
        line.close()


def told(account: Account, message: Message, words: Sequence[str]) -> list[int]:
    """A callback for each word of a message, in this order."""
    if message.callback is None:
        return []
    return [post(account, message.callback, status_form(account, message, one)) for one in words]


def status_form(account: Account, message: Message, word: str) -> dict[str, str]:
    code = {} if message.error_code is None else {"ErrorCode": str(message.error_code)}
    return {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "AccountSid": account.sid,
        "MessagingServiceSid": message.service,
        "From": account.number,
        "To": message.to,
        "MessageStatus": word,
        "SmsStatus": word,
        "ApiVersion": "2010-04-01",
        **code,
    }


def inbound_form(account: Account, sender: str, body: str) -> dict[str, str]:
    return {
        "MessageSid": f"SM{'0' * 31}1",
        "AccountSid": account.sid,
        "MessagingServiceSid": account.messaging_service_sid,
        "From": sender,
        "To": account.number,
        "Body": body,
        "NumMedia": "0",
    }
