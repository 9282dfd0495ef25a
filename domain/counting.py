"""A number beside what it counts, as one says it."""


def so_many(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`; `many` where the plural is not `one` with an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
