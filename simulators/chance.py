"""Seeded chance: the same words always fall the same way."""

import random
from collections.abc import Mapping
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

Card = TypeVar("Card")


def chance(*words: object) -> random.Random:
    return random.Random("/".join(map(str, words)))  # noqa: S311 - a simulator must repeat itself


def happens(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def new_id(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def id_of(*words: object) -> str:
    """A UUID that depends on nothing but the words."""
    digest = blake2b("/".join(map(str, words)).encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def share_of(*words: object) -> float:
    """A number in [0, 1) that depends on nothing but the words."""
    digest = blake2b("/".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def deal(rng: random.Random, weights: Mapping[Card, int], count: int) -> list[Card]:
    """Deal `count` cards by weight; every kind appears at least once where there is room."""
    kinds = list(weights)
    once = kinds[:count]
    cards = once + rng.choices(kinds, list(weights.values()), k=count - len(once))
    rng.shuffle(cards)
    return cards
