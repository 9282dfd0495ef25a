"""How a count is asked for: one statement whose columns are the values of named metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import TextClause


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric; labels in the order its description has them."""

    metric: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A statement; `values` tells which metric each of its columns is. NULL is no sample."""

    statement: TextClause
    values: Mapping[str, str]
    labels: Sequence[str] = ()


def answers(db: Db, questions: Sequence[Question], **values: Any) -> Iterator[Sample]:
    """Every sample of every question; each statement takes of the values what it names."""
    for question in questions:
        for row in db.execute(question.statement, values).mappings():
            labels = tuple(str(row[name]) for name in question.labels)
            for metric, column in question.values.items():
                if row[column] is not None:
                    yield Sample(metric, labels, float(row[column]))
