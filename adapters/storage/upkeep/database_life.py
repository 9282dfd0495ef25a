"""Which life a database is in: its numbers begin anew, or go back, where it was restored."""

from sqlalchemy import Connection as Db
from sqlalchemy import text

from infra.database import BadStatement

# A server that is somebody else's may not let us ask what it is, or not know.
_MAY = text(
    """
    SELECT coalesce(
      has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE')
      AND has_function_privilege(to_regprocedure('pg_control_checkpoint()'), 'EXECUTE'), false)
    """
)
# Every promotion begins another timeline.
_BY_CONTROL_DATA = text(
    """
    SELECT (SELECT system_identifier FROM pg_control_system()) || '-'
             || (SELECT timeline_id FROM pg_control_checkpoint())
    """
)
# A dump that is loaded makes database and column anew, at other numbers. Of a failover, or of
# going back in time, this says nothing: the row that a place names does.
_BY_CATALOGUE = text(
    """
    SELECT (SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database()) || '.'
             || (SELECT CAST(xmin AS text) FROM pg_attribute
                 WHERE attrelid = CAST('run_sheet_appointments' AS regclass)
                   AND attname = 'changed_in')
    """
)


def life(db: Db) -> str:
    """The same for as long as its numbers go on, as far as the role may know."""
    if db.execute(_MAY).scalar_one():
        try:
            with db.begin_nested():
                told: str = db.execute(_BY_CONTROL_DATA).scalar_one()
        except BadStatement:  # a server that looks like PostgreSQL
            pass
        else:
            return told
    made: str = db.execute(_BY_CATALOGUE).scalar_one()
    return made
