"""Card numbers: never taken, whoever says them and in whatever field."""

import re
from collections.abc import Mapping
from typing import Any

_CARD = re.compile(r"(?:\d[ -]?){13,19}")


def holds_card(arguments: Mapping[str, Any]) -> bool:
    return any(_CARD.search(str(one)) for one in arguments.values())
