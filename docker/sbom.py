"""Writes what a lock installs as a CycloneDX document: `python docker/sbom.py LOCK`."""  # noqa: INP001 - a script

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPECIFICATION = "1.6"
PINNED = re.compile(r"^(?P<name>[\w.-]+)(\[[\w,-]+\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def document(lock: str) -> dict[str, Any]:
    """Without a date or a number of its own, so that the same lock makes the same document."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "pms-sync"}},
        "components": list(components(lock)),
    }


def components(lock: str) -> Iterator[dict[str, Any]]:
    """Each distribution, with the hashes of all the files it may be installed from."""
    found = list(PINNED.finditer(lock))
    for one, following in zip(found, [*found[1:], None], strict=True):
        text = lock[one.end() : following.start() if following else None]
        purl = f"pkg:pypi/{one['name']}@{one['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": one["name"],
            "version": one["version"],
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in HASH.findall(text)],
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(Path(sys.argv[1]).read_text()), indent=1) + "\n")
