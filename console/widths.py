"""How wide the columns of a table are: whole words first, and the last columns give way first."""

from collections.abc import Sequence

from rich.cells import cell_len

LONGEST_WHOLE = 20
"""Characters of a word that is never broken while anything else can give way."""
SHORT = 10
"""Characters of a text, "42 min ago" say, that is folded only once longer ones are."""


def fitted(columns: Sequence[Sequence[str]], *, room: int) -> list[int]:
    """The width of each column, of the texts in it, so that together they fit into the room.

    What is shown first matters most. Columns fold between words from the last one on, then from
    the last one on short texts do, too.
    """
    widths = [max(map(cell_len, column), default=0) for column in columns]
    words = [max(map(_longest_word, column), default=0) for column in columns]
    texts = [max(map(_longest_piece, column), default=0) for column in columns]
    for least in (texts, words):
        for at in reversed(range(len(columns))):
            excess = max(sum(widths) - room, 0)
            widths[at] = max(widths[at] - excess, min(least[at], widths[at]))
    return widths


def are_whole(columns: Sequence[Sequence[str]], *, room: int) -> bool:
    """Whether the columns fit into the room without a word that is broken."""
    return sum(max(map(_longest_word, column), default=0) for column in columns) <= room


def _longest_word(text: str) -> int:
    return min(max(map(cell_len, text.split()), default=0), LONGEST_WHOLE)


def _longest_piece(text: str) -> int:
    return cell_len(text) if cell_len(text) <= SHORT else _longest_word(text)
