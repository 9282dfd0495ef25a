"""How often patient data was looked at, by role and route, and how its record stands; no names."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers
from domain.accesses import FOLLOWING
from domain.desk_calls import PATIENTS, ROUTES

SEARCH = ROUTES[PATIENTS][1]
"""One look, of which each patient that was found has a row of the same instant."""

# The product's own doings have no route. Whoever is no user of the account holds a bearer token.
_SEEN = f"""
    FROM accounts CROSS JOIN LATERAL (
      SELECT DISTINCT coalesce(endpoint, '') AS route, user_id,
             CASE endpoint WHEN '{SEARCH}' THEN created_at::text ELSE id::text END AS look
      FROM pms_audit_logs
      WHERE account_id = accounts.id AND created_at > now() - interval '1 hour'
        AND phi_accessed AND endpoint IS NOT NULL
    ) AS seen
    LEFT JOIN users ON users.account_id = accounts.id AND users.name = seen.user_id
"""  # noqa: S608 - our own words
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
# Programs that follow the sheet, and open pages, ask at each change; what they read is counted by
# rows, and by days.
_BUSIEST = text(
    f"""
    SELECT role, max(times) AS times FROM (
      SELECT {_ROLE} AS role, count(*) AS times {_SEEN}
      WHERE seen.route <> ALL (ARRAY{list(FOLLOWING)})
      GROUP BY 1, accounts.id, seen.user_id
    ) AS person GROUP BY role
    """  # noqa: S608 - our own words
)
_FINDINGS = text(
    """
    SELECT rule, count(*) AS findings FROM accounts
    JOIN audit_findings ON account_id = accounts.id AND state = 'open' GROUP BY rule
    """
)
# The oldest row behind the newest that a link stands for; a chain is as late as that.
_CHAINS = text(
    """
    SELECT coalesce(max(extract(epoch FROM now() - loose.at)), 0)::float AS seconds,
           count(*) FILTER (WHERE head.anchored_seq < head.seq) AS accounts
    FROM accounts LEFT JOIN audit_heads AS head ON head.account_id = accounts.id
    CROSS JOIN LATERAL (
      SELECT min(created_at) AS at FROM pms_audit_logs AS logs
      WHERE logs.account_id = accounts.id
        AND logs.created_at > coalesce(head.newest_at, '-infinity')
    ) AS loose
    """
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
    Question(
        statement=_FINDINGS,
        labels=("rule",),
        values={"pms_sync_audit_findings_open": "findings"},
    ),
    Question(
        statement=_CHAINS,
        values={
            "pms_sync_audit_unchained_seconds": "seconds",
            "pms_sync_audit_unanchored_accounts": "accounts",
        },
    ),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS)
