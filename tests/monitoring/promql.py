"""The part of PromQL that our own rules use, and no more; `promtool` is not to be had by pip.

Selectors with matchers, `rate` and `increase` over a range, `sum`, `min` and `max` with `by`,
`absent`, `vector`, numbers, `+ - * /`, comparisons of a vector with a number, and `and`. Two
vectors are matched on equal labels. An increase is what was counted between the first and the last
sample of the range; Prometheus stretches that to the range's ends, so its figures may be a little
larger.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Value = Vector | float

TOKENS = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?![smhd\w]))|(?P<span>\d+[smhd])|(?P<word>[a-zA-Z_][\w]*)"
    r'|(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>=~|!~|!=|>=|<=|==|[-+*/<>(){}\[\],=]))'
)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LOOKBACK = 300.0
MATCHERS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
}
COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
COUNTED: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda one, other: one / other if other else math.nan,
}
GATHERED: Mapping[str, Callable[[Sequence[float]], float]] = {"sum": sum, "min": min, "max": max}


@dataclass(frozen=True, slots=True)
class Scrape:
    """What was read at one instant: by name, the value of each set of labels."""

    at: float
    samples: Mapping[str, Vector]


@dataclass(slots=True)
class History:
    """Scrapes, oldest first."""

    scrapes: list[Scrape] = field(default_factory=list)

    def latest(self, name: str, at: float) -> Vector:
        """A series that the newest scrape lacks is gone."""
        seen = [one for one in self.scrapes if at - LOOKBACK < one.at <= at]
        return dict(seen[-1].samples.get(name, {})) if seen else {}

    def over(self, name: str, at: float, span: float) -> dict[Labels, list[float]]:
        found: dict[Labels, list[float]] = {}
        for scrape in self.scrapes:
            if at - span < scrape.at <= at:
                for labels, value in scrape.samples.get(name, {}).items():
                    found.setdefault(labels, []).append(value)
        return found


class Unsupported(Exception):
    """A rule uses more of PromQL than is understood here."""


def tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            raise Unsupported(text[at:])
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def metrics_in(text: str) -> Iterator[str]:
    """The names of ours that an expression asks for."""
    yield from re.findall(r"\bpms_sync_\w+", text)


def evaluate(text: str, history: History, at: float) -> Value:
    reader = _Reader(tokens(text), history, at)
    value = reader.conjoined()
    if reader.rest:
        raise Unsupported(text)
    return value


@dataclass(slots=True)
class _Reader:
    """Reads and reckons in one go."""

    rest: list[tuple[str, str]]
    history: History
    at: float

    def conjoined(self) -> Value:
        left = self.compared()
        while self.rest and self.rest[0][1] == "and":
            self.take()
            right = self.compared()
            if isinstance(left, float) or isinstance(right, float):
                raise Unsupported("only vectors are joined by 'and'")
            left = {labels: one for labels, one in left.items() if labels in right}
        return left

    def compared(self) -> Value:
        left = self.added()
        while self.rest and self.rest[0][1] in COMPARED:
            holds, right = COMPARED[self.take()], self.added()
            if isinstance(left, float) or not isinstance(right, float):
                raise Unsupported("only a vector is compared, and only with a number")
            left = {labels: one for labels, one in left.items() if holds(one, right)}
        return left

    def added(self) -> Value:
        return self._chain(("+", "-"), self.multiplied)

    def multiplied(self) -> Value:
        return self._chain(("*", "/"), self.one)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Value]) -> Value:
        left = part()
        while self.rest and self.rest[0][1] in signs:
            left = both(COUNTED[self.take()], left, part())
        return left

    def one(self) -> Value:
        kind, text = self.rest.pop(0)
        if kind == "number":
            return float(text)
        if text == "(":
            value = self.compared()
            self.take(")")
            return value
        if kind != "word":
            raise Unsupported(text)
        if text in GATHERED:
            return self._gathered(GATHERED[text])
        if text in {"rate", "increase"}:
            return self._risen(per_second=text == "rate")
        if text in {"absent", "vector"}:
            return self._wrapped(text)
        name, matches = self._selector(text)
        found = self.history.latest(name, self.at)
        return {labels: value for labels, value in found.items() if matches(labels)}

    def _gathered(self, gather: Callable[[Sequence[float]], float]) -> Vector:
        wanted: set[str] = set()
        if self.rest[0][1] == "by":
            self.take()
            self.take("(")
            while (word := self.take()) != ")":
                wanted.update({word} - {","})
        self.take("(")
        inner = self.compared()
        self.take(")")
        if isinstance(inner, float):
            raise Unsupported("a number is not gathered")
        groups: dict[Labels, list[float]] = {}
        for labels, value in inner.items():
            kept = frozenset(pair for pair in labels if pair[0] in wanted)
            groups.setdefault(kept, []).append(value)
        return {labels: gather(values) for labels, values in groups.items()}

    def _risen(self, *, per_second: bool) -> Vector:
        self.take("(")
        name, matches = self._selector(self.take())
        self.take("[")
        span = seconds(self.take())
        self.take("]")
        self.take(")")
        found: Vector = {}
        for labels, values in self.history.over(name, self.at, span).items():
            if len(values) > 1 and matches(labels):
                found[labels] = risen(values) / (span if per_second else 1)
        return found

    def _wrapped(self, word: str) -> Vector:
        self.take("(")
        inner = self.compared()
        self.take(")")
        if word == "vector" and isinstance(inner, float):
            return {frozenset(): inner}
        return {} if inner else {frozenset(): 1.0}

    def take(self, wanted: str | None = None) -> str:
        _, text = self.rest.pop(0)
        if wanted is not None and text != wanted:
            raise Unsupported(f"{text} in place of {wanted}")
        return text

    def _selector(self, name: str) -> tuple[str, Callable[[Labels], bool]]:
        wanted: list[tuple[str, str, str]] = []
        if self.rest and self.rest[0][1] == "{":
            self.take()
            while (label := self.take()) != "}":
                if label != ",":
                    wanted.append((label, self.take(), self.take()[1:-1]))

        def matches(labels: Labels) -> bool:
            held = dict(labels)
            return all(MATCHERS[sign](held.get(label, ""), text) for label, sign, text in wanted)

        return name, matches


def both(count: Callable[[float, float], float], left: Value, right: Value) -> Value:
    match left, right:
        case float(), float():
            return count(left, right)
        case float(), dict():
            return {labels: count(left, one) for labels, one in right.items()}
        case dict(), float():
            return {labels: count(one, right) for labels, one in left.items()}
        case dict(), dict():
            return {
                labels: count(one, right[labels]) for labels, one in left.items() if labels in right
            }
    raise Unsupported("neither numbers nor vectors")


def risen(values: Sequence[float]) -> float:
    """A counter that fell began anew."""
    return sum(new - old if new >= old else new for old, new in pairwise(values))


def seconds(span: str) -> float:
    return float(span[:-1]) * SECONDS[span[-1]]
