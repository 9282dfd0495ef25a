"""What vendors allow, as it was before they were asked for anything: nobody waits for it anew."""

import redis
from sqlalchemy import create_engine, text

from adapters.throttle.told import PREFIX


def forget_what_was_asked(database_url: str, redis_url: str) -> None:
    """As if the longest of their limits were over; nothing may be under way."""
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(text("DELETE FROM vendor_requests"))
    engine.dispose()
    with redis.Redis.from_url(redis_url) as client:
        client.delete(*client.keys(f"{PREFIX}:*"))
