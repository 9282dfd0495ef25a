"""A text leaves once, whatever is lost on the way, and never to those who want none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pytest

from domain.errors import BrokenContract, NeedsReconnect, SyncError, Throttled, Transient
from domain.texts import NOT_SET_UP
from infra.http import NotSent
from simulators.twilio import calling
from tests.texts.office import BODY, CALLER, Office, job

pytestmark = pytest.mark.integration


def test_a_text_is_sent_and_what_became_of_it_is_heard(texting: Office) -> None:
    text_id = texting.put()

    texting.send(text_id)

    assert [(one["to"], one["body"]) for one in texting.messages] == [(CALLER, BODY)]
    assert texting.awaited(text_id, "delivered") == "delivered"


def test_a_text_that_was_sent_is_not_sent_again(texting: Office) -> None:
    text_id = texting.put()

    texting.send(text_id)
    again = texting.send(text_id)

    assert again["state"] in {"sent", "delivered"}
    assert len(texting.messages) == 1


@pytest.mark.parametrize("fault", ["lost", "lost-500"])
def test_a_text_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(
    texting: Office, fault: str
) -> None:
    texting.control("words", words=[])
    texting.control("faults", next=[fault])
    text_id = texting.put()

    doubt = texting.send(text_id)
    at_once = texting.send(text_id)
    texting.later(120)
    found = texting.send(text_id)

    assert isinstance(doubt, Throttled)
    assert isinstance(at_once, Throttled)
    assert found == {"state": "sent", "found": True}
    assert len(texting.messages) == 1


def restored(texting: Office) -> None:
    with texting.site.everything() as db:
        db.exec_driver_sql("UPDATE accounts SET restored_at = now() WHERE id = 'default'")


def test_a_text_that_left_after_the_backup_that_is_restored_is_not_sent_again(
    texting: Office,
) -> None:
    text_id = texting.put()
    texting.sender.send(CALLER, BODY, text_id=text_id)
    restored(texting)
    texting.later(120)

    assert texting.send(text_id) == {"state": "sent", "found": True}
    assert len(texting.messages) == 1


def test_a_text_that_did_not_leave_before_a_restore_leaves_once(texting: Office) -> None:
    text_id = texting.put()
    restored(texting)
    texting.later(120)

    texting.send(text_id)
    texting.send(text_id)

    assert [one["body"] for one in texting.messages] == [BODY]


def test_a_text_that_nobody_can_look_for_yet_does_not_leave_after_a_restore(
    texting: Office,
) -> None:
    text_id = texting.put()
    texting.sender.send(CALLER, BODY, text_id=text_id)
    restored(texting)
    texting.later(120)
    texting.control("faults", next=["500"])

    assert isinstance(texting.send(text_id), Throttled)
    texting.later(120)
    texting.send(text_id)

    assert len(texting.messages) == 1


def test_what_is_put_after_a_restore_is_sent_without_a_look(texting: Office) -> None:
    restored(texting)
    text_id = texting.put()

    texting.send(text_id)

    assert [one["body"] for one in texting.messages] == [BODY]


def test_a_worker_that_died_with_a_text_in_its_hands_does_not_send_it_twice(
    texting: Office,
) -> None:
    texting.control("words", words=[])
    text_id = texting.put()
    kept = texting.store.load(job(text_id))
    texting.store.sending(kept)
    texting.sender.send(CALLER, BODY, text_id=text_id)
    texting.later(120)

    texting.send(text_id)

    assert texting.state(text_id) == "sent"
    assert len(texting.messages) == 1


def test_a_text_that_never_arrived_is_sent_once_that_is_certain(texting: Office) -> None:
    text_id = texting.put()
    texting.store.sending(texting.store.load(job(text_id)))
    texting.later(120)

    texting.send(text_id)

    assert len(texting.messages) == 1


def test_a_callback_proves_a_text_whose_answer_was_lost(texting: Office) -> None:
    texting.control("faults", next=["lost"])
    text_id = texting.put()

    texting.send(text_id)

    assert texting.awaited(text_id, "delivered") == "delivered"
    assert texting.rows()[0]["vendor_id"] == texting.messages[0]["sid"]


def test_a_text_waits_while_twilio_wants_fewer(texting: Office) -> None:
    texting.control("faults", next=["429"])
    text_id = texting.put()

    wait = texting.send(text_id)

    assert isinstance(wait, Throttled)
    assert texting.state(text_id) == "due"
    assert texting.messages == []


def test_a_text_is_kept_where_twilio_does_not_know_us(texting: Office) -> None:
    texting.control("faults", next=["401"])
    text_id = texting.put()

    with pytest.raises(NeedsReconnect, match="TWILIO_AUTH_TOKEN"):
        texting.send(text_id)

    assert texting.state(text_id) == "due"


def test_without_twilio_a_text_is_kept_and_says_why_it_was_not_sent(texting: Office) -> None:
    text_id = texting.put()

    texting.send(text_id, off=True)

    assert (texting.state(text_id), texting.rows()[0]["reason"]) == ("off", NOT_SET_UP)


def test_whoever_answers_stop_gets_no_more_texts_and_start_undoes_it(texting: Office) -> None:
    inbound = f"{texting.site.ports.base_url}/twilio/inbound"
    said = {"from": CALLER, "url": inbound}

    stopped = texting.control("inbound", body="Stop ", **said)
    first = texting.put()
    texting.send(first)
    texting.control("inbound", body="START", **said)
    second = texting.put()
    texting.send(second)

    assert stopped == {"status": 200}
    assert texting.state(first) == "opted_out"
    assert texting.awaited(second, "delivered") == "delivered"
    assert len(texting.messages) == 1


def test_a_stop_that_only_twilio_knew_of_is_known_here_too_afterwards(texting: Office) -> None:
    texting.twilio.messages.opted_out.add(CALLER)
    first, second = texting.put(), texting.put()

    texting.send(first)
    texting.send(second)

    assert (texting.state(first), texting.state(second)) == ("opted_out", "opted_out")
    assert texting.twilio.asked == 1


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["delivered", "delivered", "sent"], "delivered"),
        (["delivered", "queued", "failed"], "delivered"),
        (["undelivered", "delivered"], "failed"),
        (["queued", "sending", "sent"], "sent"),
    ],
)
def test_callbacks_may_come_twice_and_in_any_order(
    texting: Office, words: Sequence[str], state: str
) -> None:
    texting.control("words", words=[])
    text_id = texting.put()
    texting.send(text_id)

    told = texting.control("callback", sid=texting.messages[0]["sid"], words=words)

    assert set(told["statuses"]) == {204}
    assert texting.state(text_id) == state


def test_a_callback_that_twilio_did_not_sign_has_no_effect(texting: Office) -> None:
    texting.control("words", words=[])
    text_id = texting.put()
    texting.send(text_id)
    message = texting.twilio.messages.kept[0]
    form = calling.status_form(texting.twilio.account, message, "failed")

    unsigned = texting.site.client.post("/twilio/status", data=form)
    forged = texting.site.client.post(
        "/twilio/status", data=form, headers={"X-Twilio-Signature": "x" * 28}
    )
    odd = texting.site.client.post(
        "/twilio/status", content=b"\xff=\xfe", headers=[(b"X-Twilio-Signature", "é".encode())]
    )

    assert [one.status_code for one in (unsigned, forged, odd)] == [401, 401, 401]
    assert unsigned.content == b""
    assert texting.state(text_id) == "sent"


def test_a_callback_of_a_strangers_message_is_taken_and_forgotten(texting: Office) -> None:
    account = texting.twilio.account
    url = f"{texting.site.ports.base_url}/twilio/status"
    form = {"MessageSid": "SM" + "9" * 32, "MessageStatus": "delivered"}

    assert calling.post(account, url, form) == 204


def test_recipients_and_words_rest_sealed(texting: Office) -> None:
    texting.put()

    row = texting.rows()[0]

    assert CALLER.encode() not in bytes(row["recipient"])
    assert b"booked" not in bytes(row["body"])


class Away:
    """Twilio, of which nothing is heard but this."""

    def __init__(self, error: SyncError) -> None:
        self.error = error

    def send(self, recipient: str, body: str, *, text_id: UUID | None = None) -> str:
        raise self.error

    def find(self, recipient: str, body: str, *, since: datetime) -> str | None:
        raise self.error


UNREACHED = NotSent("POST api.twilio.com: cannot be reached")


def test_a_text_waits_longer_and_longer_while_twilio_cannot_be_reached(texting: Office) -> None:
    text_id, away = texting.put(), Away(UNREACHED)

    pauses = []
    for _ in range(6):
        wait = texting.send(text_id, sender=away)
        pauses.append((wait.until - texting.now).total_seconds())
        texting.now = wait.until
    sent = texting.send(text_id)

    assert pauses[0] == pytest.approx(10, abs=5)
    assert pauses == sorted(pauses) and pauses[-1] > 100
    assert sent == {"state": "sent"}
    assert [one["body"] for one in texting.messages] == [BODY]


@pytest.mark.parametrize(
    "error",
    [UNREACHED, Transient("Twilio answered 503"), BrokenContract("Twilio's answer is no JSON")],
    ids=["not-sent", "transient", "no-answer"],
)
def test_a_look_for_a_text_that_may_have_left_waits_too(texting: Office, error: SyncError) -> None:
    text_id = texting.put()
    texting.store.sending(texting.store.load(job(text_id)))
    texting.later(120)

    wait = texting.send(text_id, sender=Away(error))

    assert isinstance(wait, Throttled)
    assert texting.state(text_id) == "sending"


def test_a_text_that_is_too_old_to_be_of_use_is_not_sent_any_more(texting: Office) -> None:
    text_id = texting.put()
    texting.send(text_id, sender=Away(UNREACHED))
    texting.later(7 * 3600)

    said = texting.send(text_id)

    assert said == {"state": "failed"}
    assert texting.messages == []


def test_a_text_that_may_have_left_long_ago_is_not_looked_for_for_ever(texting: Office) -> None:
    text_id = texting.put()
    texting.store.sending(texting.store.load(job(text_id)))
    texting.later(7 * 3600)

    assert texting.send(text_id, sender=Away(UNREACHED)) == {"state": "sending"}
