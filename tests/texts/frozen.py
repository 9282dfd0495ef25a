"""A worker that stops itself between the mark on a text and the text: one job, in a process."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

from adapters.storage.jobs.ledger import Ledger
from adapters.storage.phone.texts import TextStore
from adapters.texts.twilio import Twilio
from domain.texts import KeptText
from domain.work import SEND_TEXT
from infra.clock import system_clock
from infra.database import engine
from infra.http import Client
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from workers.execution import Execution, Running, Work
from workers.handlers.send_text import send_text

MINUTES = 600.0


class Asleep:
    """Seconds that went on for ten minutes while the process was stopped."""

    slept = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.slept


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing(TextStore):
    seconds: Asleep

    def sending(self, kept: KeptText) -> bool:
        marked = TextStore.sending(self, kept)
        os.kill(os.getpid(), signal.SIGSTOP)
        self.seconds.slept = MINUTES
        return marked


def main(database_url: str, twilio_url: str, job_id: str, key: str, *account: str) -> None:
    """Prints how the job ended for this worker; None where it was another's by then."""
    seconds, database = Asleep(), engine(database_url, application_name="frozen")
    texts = Freezing(
        engine=database, sealer=Sealer(Keyring.from_hex(key)), clock=system_clock, seconds=seconds
    )
    sid, token, service = account
    with Client({"127.0.0.1"}, "tests", allow_loopback_http=True) as line:
        twilio = Twilio(
            sender=line,
            account_sid=sid,
            auth_token=token,
            messaging_service_sid=service,
            clock=system_clock,
            base_url=twilio_url,
        )

        def run(job: Any) -> Any:
            return send_text(job, texts=texts, sender=twilio, clock=system_clock)

        execution = Execution(
            ledger=Ledger(database, worker="frozen"),
            works={SEND_TEXT: Work(run=run)},
            running=Running(seconds),
            stopping=Stopping(),
            clock=system_clock,
            chance=lambda: 0.5,
        )
        sys.stdout.write(f"{execution.run(int(job_id))}\n")
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
