"""Every command with a name, an id or a day that is wrong: one sentence, never a traceback."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from typer.main import get_command

from console import running
from tests.console.conftest import Shell
from tests.storage.rig import rig_on

pytestmark = pytest.mark.integration

KNOWN = "known"
"""Stands for the id of a connection that is there."""

NUMBERS = ("0", "-1", "nine", "99999999999999999999")
UNKNOWN_IDS = ("ffffffff", "zz-not-an-id", "%", "00000000-0000-0000-0000-000000000000", "né")
NAMES = ("no-such", "default'--", "né", "x" * 300)
MOMENTS = ("2026-01-05T03:00", "yesterday", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00")
DAYS = ("0001-01-01", "9999-12-31", "31.12.2026", "2026-02-30", "tomorrow-ish")

WRONG: Mapping[str, Sequence[str]] = {
    "account": NAMES,
    "connection": UNKNOWN_IDS,
    "conflict": UNKNOWN_IDS,
    "run": UNKNOWN_IDS,
    "write": UNKNOWN_IDS,
    "delivery": UNKNOWN_IDS,
    "entry_id": UNKNOWN_IDS,
    "patient_id": UNKNOWN_IDS,
    "practitioner": UNKNOWN_IDS,
    "office": NAMES,
    "vendor": NAMES,
    "job": (*NUMBERS, *UNKNOWN_IDS),
    "file": ("/no/such/file",),
    "pool": NAMES,
    "role": NAMES,
    "rule": NAMES,
    "choice": NAMES,
    "state": NAMES,
    "queue": NAMES,
    "party": NAMES,
    "timezone": NAMES,
    "limit": NUMBERS,
    "threads": NUMBERS,
    "settings": ("nonsense", "no_such=1", "opening_hours={"),
    "telehealth": UNKNOWN_IDS,
    **dict.fromkeys(("date", "from_", "to", "first", "last", "first_day", "last_day"), DAYS),
    "backup": MOMENTS,
    **dict.fromkeys(("week", "signed_on", "ends_on", "from_day", "to_day", "first_", "day"), DAYS),
}
"""By the name of what is asked for; what is asked for by no such name takes any words."""

RIGHT: Mapping[str, str] = {
    "account": "default",
    "connection": KNOWN,
    "vendor": "gentu",
    "pool": "sync",
    "role": "owner",
    "keep": "mine",
    "as_": "failed",
    "party": "gentu",
    "code": "123456",
    "name": "Example",
    "reason": "it was tried",
    "run": "ffffffff",
    "backup": "2026-01-05T03:00Z",
    "office": "D1",
    "to": "never-made",
}
MADE_THERE = {("audit archive", "to")}
"""Whatever words these are, something of that name is made."""

STAY = {"demo", "ingress", "up", "worker", "scheduler", "simulate vapi-call", "simulate practices"}
"""What runs until it is stopped once its words are right: tried with words that are refused."""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


TREE = dict(commands(get_command(running.app)))


BESIDES: Mapping[tuple[str, str], Sequence[str]] = {
    ("accounts set", "account"): ["--name", "Example"],
    ("authorisations claim", "office"): ["--code", "ABCD-EFGH"],
    **{
        (name, what): ["--all", "--yes"]
        for name in ("conflicts settle", "conflicts resolve")
        for what in ("account", "connection", "run")
    },
    ("conflicts undo", "account"): ["ffffffff"],
    ("push entry", "entry_id"): ["--here"],
    ("connections add", "account"): ["--site", "1"],
}
"""What else a command needs before it looks at the one."""


def line(name: str, wrong: Any, word: str) -> list[str]:
    """The command with one thing wrong and everything else that it needs right."""
    words = name.split()
    for one in TREE[name].params:
        if one is wrong or one.required:
            value = word if one is wrong else RIGHT.get(one.name, "1")
            words += [value] if one.param_type_name == "argument" else [one.opts[0], value]
    return [*words, *BESIDES.get((name, wrong.name), ())]


def lines(name: str) -> Iterator[list[str]]:
    """The command with each thing wrong in turn."""
    for wrong in TREE[name].params:
        for word in WRONG.get(wrong.name, ()):
            if (name, wrong.name) not in MADE_THERE:
                yield line(name, wrong, word)


LISTED_BY: Mapping[str, str] = {
    "account": "'pms-sync accounts list'",
    "connection": "'pms-sync connections list'",
    "run": "'pms-sync runs list'",
    "conflict": "'pms-sync conflicts list'",
    "write": "'pms-sync writes list'",
    "delivery": "'pms-sync deliveries list'",
    "job": "'pms-sync jobs list'",
    "entry_id": "'pms-sync run-sheet'",
    "office": "'pms-sync authorisations list'",
}
"""Where a person finds the one they meant."""
LISTED_ELSEWHERE: Mapping[str, str] = {
    "connections put-back": "'pms-sync connections removed'",
    "connections take-off": "'pms-sync connections removed'",
}


def told_badly(name: str, words: Sequence[str], shell: Shell) -> str | None:
    """What a person could not do anything with."""
    found = shell(*words)
    said = f"{words} -> {found.code}: {found.out[-300:]}{found.err}"
    if "Traceback" in said or "unforeseen" in said:
        return said
    if found.code not in {0, 2} or (found.code == 0 and name in STAY):
        return said
    if found.code and not found.out and found.err.count("\n") != 1:
        return said
    return None


NAMING = [
    (name, param.name)
    for name in sorted(TREE)
    for param in TREE[name].params
    if param.name in LISTED_BY
]


@pytest.fixture
def known(database_url: str) -> str:
    """The id of a connection that is there."""
    with rig_on(database_url) as rig:
        return str(rig.connect("site"))


def with_known(words: Sequence[str], known: str) -> list[str]:
    return [known if one == KNOWN else one for one in words]


@pytest.mark.parametrize("name", sorted(name for name in TREE if any(lines(name))))
def test_wrong_words_end_in_one_sentence(name: str, shell: Shell, known: str) -> None:
    asked = [with_known(words, known) for words in lines(name)]

    assert [said for words in asked if (said := told_badly(name, words, shell))] == []


def needs_nothing(name: str) -> bool:
    """It does its work without a word more, and ends by itself."""
    stays = name in STAY or name == "simulate gentu"
    return not stays and not any(one.required for one in TREE[name].params)


@pytest.mark.parametrize("name", sorted(filter(needs_nothing, TREE)))
def test_a_script_gets_json_or_one_sentence(name: str, shell: Shell, known: str) -> None:
    found = shell(*name.split(), "--json")

    if found.out:
        assert found.out.count("\n") == 1
        assert isinstance(found.json, dict)
        assert found.code in {0, 1}
    else:
        assert found.code == 2
        assert found.err.count("\n") == 1


@pytest.mark.parametrize(("name", "what"), NAMING, ids=lambda word: word)
def test_the_name_of_nothing_is_refused_with_where_the_right_one_is(
    name: str, what: str, shell: Shell, known: str
) -> None:
    wrong = next(param for param in TREE[name].params if param.name == what)
    word = "no-such" if what in {"account", "office"} else "99999999"

    told = shell.complaint(*with_known(line(name, wrong, word), known))

    assert LISTED_ELSEWHERE.get(name, LISTED_BY[what]) in told
