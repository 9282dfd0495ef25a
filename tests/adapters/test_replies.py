"""Everybody who waits for an answer is woken, also where it came before they began to wait."""

import asyncio
from uuid import uuid4

import pytest
import redis

from adapters.replies import KEPT_SECONDS, Replies, Teller
from infra.redis import connect

pytestmark = pytest.mark.integration


def test_all_who_wait_for_one_answer_are_woken(redis_url: str, redis_client: redis.Redis) -> None:
    row_id, replies = uuid4(), Replies(redis_url)
    replies.start()

    async def scene() -> None:
        first, gone, last = (replies.expect(row_id) for _ in range(3))
        assert gone is first
        replies.forget(row_id)
        await asyncio.to_thread(Teller(redis_client).tell, replies.name, row_id)
        await asyncio.wait_for(asyncio.gather(first.wait(), last.wait()), timeout=10)

    asyncio.run(scene())
    replies.stop()


def test_an_answer_that_was_quicker_than_the_question_is_heard(
    redis_url: str, redis_client: redis.Redis
) -> None:
    early, later, replies = uuid4(), uuid4(), Replies(redis_url)
    replies.start()

    async def scene() -> bool:
        known = replies.expect(later)
        for row_id in (early, later):
            await asyncio.to_thread(Teller(redis_client).tell, replies.name, row_id)
        await asyncio.wait_for(known.wait(), timeout=10)
        return replies.expect(early).is_set()

    assert asyncio.run(scene())
    replies.stop()


def test_what_nobody_hears_is_forgotten(redis_client: redis.Redis) -> None:
    Teller(redis_client).tell("gone", uuid4())

    [kept] = redis_client.keys("*:answered:gone")
    assert 0 < redis_client.ttl(kept) <= KEPT_SECONDS


def test_an_answer_is_kept_where_nobody_can_be_told() -> None:
    Teller(connect("redis://127.0.0.1:1/0", retries=0)).tell("gone", uuid4())
