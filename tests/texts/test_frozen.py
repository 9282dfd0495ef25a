"""A worker that is stopped for minutes with a text in its hands, while another takes it over."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from adapters.storage.jobs.ledger import Ledger
from tests.producers.conftest import KEY
from tests.texts.office import Office

pytestmark = pytest.mark.integration

LAPSED = text("UPDATE jobs SET lease_until = now() - interval '1 minute' WHERE kind = 'send_text'")
THE_JOB = text("SELECT id FROM jobs WHERE kind = 'send_text'")


@pytest.fixture
def stopped(texting: Office) -> Iterator[subprocess.Popen[str]]:
    """The process, which has marked the only text there is as leaving, and stopped."""
    texting.put()
    account = texting.twilio.account
    with texting.site.everything() as db:
        job_id = db.execute(THE_JOB).scalar_one()
    url = texting.site.ports.database.url.render_as_string(hide_password=False)
    words = [url, texting.url, str(job_id), KEY, account.sid, account.auth_token]
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "tests.texts.frozen", *words, account.messaging_service_sid],
        stdout=subprocess.PIPE,
        text=True,
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    yield process
    process.kill()
    process.communicate()


def wakes(process: subprocess.Popen[str]) -> str:
    """What it says of its job once it goes on."""
    process.send_signal(signal.SIGCONT)
    return process.communicate(timeout=60)[0].splitlines()[-1]


def test_it_does_not_send_what_another_has_taken_over(
    texting: Office, stopped: subprocess.Popen[str]
) -> None:
    (row,) = texting.rows()
    with texting.site.everything() as db:
        db.execute(LAPSED)
        job_id = db.execute(THE_JOB).scalar_one()
    assert Ledger(texting.site.ports.database, worker="other").claim(job_id) is not None
    texting.later(120)

    texting.send(row["id"])
    said = wakes(stopped)

    assert said == "None"
    assert len(texting.messages) == 1


def test_it_sends_what_is_still_its_own(texting: Office, stopped: subprocess.Popen[str]) -> None:
    (row,) = texting.rows()

    assert wakes(stopped) == "done"
    assert len(texting.messages) == 1
    assert texting.state(row["id"]) in {"sent", "delivered"}
