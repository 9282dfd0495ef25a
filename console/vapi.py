"""`pms-sync vapi`: what Vapi is to be told of an account's tools and assistant, and telling it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from sqlalchemy import text

from adapters import pms
from adapters.storage.people import accounts
from adapters.storage.phone import phone_book
from adapters.storage.practices import connection_list, connections
from adapters.vapi.api import BASE_URL, Pushed, VapiApi
from adapters.vapi.definitions import Definition, Line, offered, tool_json
from adapters.vapi.templates import assistant_json, prompt_addition
from console import address, output
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.desk import Ability
from domain.errors import BadInput
from domain.features import spoken
from domain.writes import allowed
from infra.database import transaction
from infra.http import Client
from infra.vendor_urls import VendorUrls, is_loopback

app = typer.Typer(no_args_is_help=True, help="Tell Vapi of an account's tools and assistant.")

USER_AGENT = "pms-sync/0.1 (support@pms-sync.invalid)"
Account = Annotated[str, typer.Option(help="The account whose calls are meant.")]
Named = Annotated[
    str | None,
    typer.Option("--connection", help="The practice, where the account has several; by its id."),
]
Credential = Annotated[
    str | None, typer.Option(help="Id of the Vapi credential that signs what Vapi sends us.")
]

_OTHERS = text(
    """
    SELECT display_name FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') AND connector = ANY(:connectors)
      AND id <> :id ORDER BY created_at, connector, site
    """
)
_FEATURES = text(
    """
    SELECT own.features, accounts.features AS switches
    FROM pms_connections AS own JOIN accounts ON accounts.id = account_id WHERE own.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Served:
    """The practice that serves an account's calls, and what can be done there."""

    connection: Connection
    abilities: frozenset[Ability]
    line: Line
    others: Sequence[str] = ()

    @property
    def definitions(self) -> list[Definition]:
        return offered(self.abilities)

    @property
    def tools(self) -> list[dict[str, Any]]:
        return [tool_json(one, self.line) for one in self.definitions]


@app.command()
def tools(
    *,
    account: Account = "default",
    push: Annotated[
        bool, typer.Option("--push", help="Create or change them at Vapi; none is ever deleted.")
    ] = False,
    credential: Credential = None,
    connection: Named = None,
    json: AsJson = False,
) -> None:
    """Show the tools the account's practice can have, or put them into Vapi."""
    with wired() as wiring:
        served = _served(wiring, account, credential, connection)
        if push:
            return _tell_pushed(_push(wiring, served), as_json=json)
    if json:
        return output.answer({"account": account, "tools": served.tools})
    _tell_who_answers(served)
    return output.table(
        ["Tool", "What it does", "Address"],
        [
            (one.name, one.description, served.line.server(f"/vapi/tools/{one.name}")["url"])
            for one in served.definitions
        ],
    )


@app.command()
def assistant(
    *,
    account: Account = "default",
    credential: Credential = None,
    connection: Named = None,
    addition: Annotated[
        bool, typer.Option("--addition", help="Only what is added to any assistant's prompt.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show a receptionist for the account: its model, its prompt and its tools."""
    with wired() as wiring:
        served = _served(wiring, account, credential, connection)
    practice = served.connection.name or "our practice"
    if addition:
        prompt = prompt_addition(served.abilities)
        return output.answer({"prompt": prompt}) if json else output.say(prompt)
    made = assistant_json(practice, served.abilities, served.line)
    if json:
        return output.answer(made)
    _tell_who_answers(served)
    output.facts([("name", made["name"]), ("model", made["model"]["model"])])
    output.say(made["model"]["messages"][0]["content"])
    return output.say("\n--json prints all of it, as POST /assistant takes it.")


def _served(
    wiring: Wiring, account: str, credential: str | None, connection_id: str | None
) -> Served:
    """Asks the practice's desk, so that a tool is there only where it would work."""
    with transaction(wiring.engine, account_id=account) as db:
        accounts.require(db, account)
        chosen = connection_list.find(db, connection_id).id if connection_id else None
        able = phone_book.serving(phone_book.practices(db, connectors=pms.desks()))
        if not able:
            raise BadInput(
                f"Account '{account}' has no active connection that can serve calls; connect one"
                f" of {', '.join(pms.desks())} first."
            )
        wanted = chosen or able[0].id
        if wanted not in {one.id for one in able}:
            raise BadInput("This connection cannot serve calls; choose another, or resume it.")
        connection = connections.load(db, wanted)
        on = db.execute(_FEATURES, {"id": connection.id}).one()
        others = db.execute(_OTHERS, {"id": connection.id, "connectors": pms.desks()})
        named = [str(one) for one in others.scalars()]
    desk = wiring.opener.desk(connection)
    if desk is None:
        raise BadInput(f"{connection.name} cannot be written to.")
    base_url = address.of_pages(wiring.settings)
    line = Line(account_id=account, base_url=base_url, credential_id=credential)
    abilities = spoken(allowed(desk.abilities, on.features), on.switches)
    return Served(connection, abilities, line, named)


def _tell_who_answers(served: Served) -> None:
    """Beside the answer, for a person: which practice it is, and what its callers would miss."""
    own = served.connection
    lines = [f"{own.name} answers."]
    if served.others:
        lines.append(
            f"Its account has others that could: {', '.join(served.others)}. A call to a number in"
            " the setting phone_numbers of one is answered by that one."
        )
    if Ability.BOOK in served.abilities and not own.opening_hours:
        lines.append(
            "It has no opening hours: unless its PMS lists free times itself, callers are offered"
            f" none; set them with 'pms-sync connections set {output.short(own.id)}"
            " opening_hours=…'."
        )
    output.err().print("\n".join(lines), markup=False, soft_wrap=True)


def _push(wiring: Wiring, served: Served) -> list[Pushed]:
    key = wiring.settings.vapi_api_key
    if key is None:
        raise BadInput("VAPI_API_KEY is not set; set it to the private key of your organisation.")
    host = urlsplit(served.line.base_url).hostname or ""
    base_url = _vapi(wiring)
    if is_loopback(host) and not is_loopback(urlsplit(base_url).hostname or ""):
        raise BadInput(
            f"Vapi cannot reach {served.line.base_url}; set APP_BASE_URL to the public address of"
            " this service."
        )
    with _client(wiring, base_url) as client:
        api = VapiApi(client=client, key=key.get_secret_value(), base_url=base_url)
        return api.push(served.tools)


def _vapi(wiring: Wiring) -> str:
    return wiring.settings.vendor_urls.get("vapi", VendorUrls()).base_url or BASE_URL


@contextmanager
def _client(wiring: Wiring, base_url: str) -> Iterator[Client]:
    host = urlsplit(base_url).hostname or ""
    local = is_loopback(host) and not wiring.settings.is_production
    with Client({host}, USER_AGENT, allow_loopback_http=local) as client:
        yield client


def _tell_pushed(pushed: list[Pushed], *, as_json: bool) -> None:
    if as_json:
        tools = [{"name": one.name, "outcome": one.outcome, "id": one.id} for one in pushed]
        return output.answer({"tools": tools})
    return output.table(
        ["Tool", "Outcome", "Id at Vapi"], [(one.name, one.outcome, one.id) for one in pushed]
    )
