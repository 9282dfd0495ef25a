"""How often patient data was looked at, by role and route; nobody is named, neither side of it."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers

# The product's own doings have no route. Whoever is no user of the account holds a bearer token.
_SEEN = """
    FROM accounts CROSS JOIN LATERAL (
      SELECT coalesce(endpoint, '') AS route, user_id FROM pms_audit_logs
      WHERE account_id = accounts.id AND created_at > now() - interval '1 hour'
        AND phi_accessed AND endpoint IS NOT NULL
    ) AS seen
    LEFT JOIN users ON users.account_id = accounts.id AND users.name = seen.user_id
"""
_ROLE = """
    coalesce(users.role, CASE WHEN seen.user_id IN ('vapi', 'voice') THEN 'assistant'
                              WHEN seen.user_id LIKE 'cli:%' THEN 'command line'
                              ELSE 'token' END)
"""
MOST_ROUTES = 200
_BY_ROUTE = text(
    f"""
    SELECT {_ROLE} AS role, route, count(*) AS times {_SEEN}
    GROUP BY 1, 2 ORDER BY times DESC LIMIT {MOST_ROUTES}
    """
)
_BUSIEST = text(
    f"""
    SELECT role, max(times) AS times FROM (
      SELECT {_ROLE} AS role, count(*) AS times {_SEEN} GROUP BY 1, accounts.id, seen.user_id
    ) AS person GROUP BY role
    """  # noqa: S608 - our own words
)

QUESTIONS = (
    Question(
        statement=_BY_ROUTE,
        labels=("role", "route"),
        values={"pms_sync_phi_accesses_last_hour": "times"},
    ),
    Question(
        statement=_BUSIEST,
        labels=("role",),
        values={"pms_sync_phi_busiest_person_last_hour": "times"},
    ),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS)
