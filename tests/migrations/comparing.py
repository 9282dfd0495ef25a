"""A connection to compare a schema over."""

from sqlalchemy import Connection, Engine


def comparing(engine: Engine) -> Connection:
    """Without a transaction: a busy machine compares for longer than one may stand idle."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
