"""The README names every command, and the help every option: none has to be known to be found."""

import re
from collections.abc import Iterator
from pathlib import Path

from console.commands import PLACES, Commands

README = (Path(__file__).parents[2] / "README.md").read_text()
ROW = re.compile(r"^\| (`.*?) \|", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")


def _named() -> set[tuple[str, ...]]:
    """What stands in the first column of the table, each command with each word behind it."""
    table = README.partition("| `pms-sync …` | Does |")[2].partition("\n\n")[0]
    found: set[tuple[str, ...]] = set()
    for row in ROW.findall(table.replace("\\|", "or")):
        for span in SPAN.findall(row):
            first, *more = re.findall(r"[a-z][a-z-]*", span)
            found |= {(first,), *((first, word) for word in more)}
    return found


def _there() -> Iterator[tuple[str, ...]]:
    commands = Commands()
    for name, place in PLACES.items():
        yield (name,)
        if place.is_group:
            parts = commands[name].commands.items()
            yield from ((name, part) for part, command in parts if not command.hidden)


def test_the_readme_names_every_command() -> None:
    # Which vendor is played is said by the vendor's own name.
    by_name = {("simulate", "vendor")}

    assert set(_there()) - _named() - by_name == set()


def test_the_help_says_of_every_option_what_it_is_for() -> None:
    commands = Commands()
    groups = [name for name, place in PLACES.items() if place.is_group]
    each = {name: commands[name] for name in PLACES if name not in groups}
    each |= {
        f"{name} {part}": one for name in groups for part, one in commands[name].commands.items()
    }

    silent = {
        f"{name} {one.name}" for name, own in each.items() for one in own.params if not one.help
    }

    assert silent == set()
