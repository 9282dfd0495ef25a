"""Commands of the documents as they stand there, to be tried as a reader would."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"


def curl(page: str, path: str, *, given: Mapping[str, str]) -> dict[str, Any]:
    """The request that the page's `curl` to this path sends; `given` are the reader's variables."""
    lines = (DOCS / page).read_text().replace("\\\n", " ").splitlines()
    (line,) = [one for one in lines if one.startswith("curl ") and f"$BASE{path}" in one]
    filled = re.sub(r"\$([A-Z_]+)", lambda name: {"BASE": "", **given}[name[1]], line)
    words = shlex.split(filled)
    told = [words[at + 1].partition(": ") for at, word in enumerate(words) if word == "-H"]
    return {
        "url": next(one for one in words if one.startswith(path)),
        "content": words[words.index("-d") + 1],
        "headers": {name: value for name, _, value in told},
    }
