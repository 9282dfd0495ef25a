"""`pms-sync vendors`: the PMSs we speak to, and what each can do."""

import sys
from typing import Annotated

import typer

from adapters import pms
from adapters.pms_to_come import BEHIND_SIKKA, COMING_SOON, CUSTOM
from console import output
from console.output import AsJson
from domain.speech import joined

app = typer.Typer()

INTRODUCTION = """\
# What each PMS can do

Drawn from the descriptions in `adapters/pms`; write it anew with `pms-sync vendors --markdown`.
A limit is *assumed* where the vendor's documents name none.

"""


NOT_HERE = """
## Any other PMS

- {soon} is reserved and coming soon; its name is refused so far.
- {behind} and the others behind Sikka are connected as `sikka`; which of them a practice has
  is its `pms_type`.
- `{custom}` with a name typed by hand connects nothing, for nobody could read it. A PMS of your own
  is one file that describes it ([adding-a-pms.md](adding-a-pms.md)); it is connected by the name of
  that file, and people see its `title`.
"""


@app.command()
def vendors(
    *,
    markdown: Annotated[bool, typer.Option(help="As docs/capabilities.md.")] = False,
    json: AsJson = False,
) -> None:
    """List the PMSs a practice can be connected to, and what each can do."""
    found = sorted(pms.registered().values(), key=lambda one: one.title)
    if markdown:
        tables = pms.capability_table(found) + pms.behind_tables(found)
        sys.stdout.write(INTRODUCTION + tables + not_here())
        return None
    if json:
        return output.answer({"vendors": [_described(one) for one in found]})
    lines = [pms.capability_lines(one) for one in found]
    headings = ["", *(one.title for one in found)]
    rows = [(row[0].label, *(line.value for line in row)) for row in zip(*lines, strict=True)]
    if output.has_room(headings, rows):
        output.table(headings, rows)
    else:
        for one, said in zip(found, lines, strict=True):
            output.say(one.title)
            output.facts((f"  {line.label}", line.value) for line in said)
    for one in found:
        if one.behind:
            _tell_behind(one)
    return None


def not_here() -> str:
    """What is asked for by name and has no description of its own, with what to do instead."""
    soon = joined([f"{title} (`{name}`)" for name, title in COMING_SOON.items()], word="and")
    behind = ", ".join(sorted(set(BEHIND_SIKKA.values())))
    return NOT_HERE.format(soon=soon, behind=behind, custom=CUSTOM)


def _tell_behind(one: pms.Vendor) -> None:
    """Of a vendor that stands before several PMSs what can be done at each."""
    output.say(f"Behind {one.title}, unless it says otherwise of a PMS:")
    output.table(pms.behind_headings(), pms.behind_rows(one))


def _described(one: pms.Vendor) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.title,
        "maker": one.maker,
        "stage": one.stage,
        "docs": one.docs,
        "secrets": one.secrets,
        "settings": one.settings,
        "capabilities": {line.key: line.value for line in pms.capability_lines(one)},
        "behind": pms.behind_words(one),
    }
