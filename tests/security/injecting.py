"""Five hundred values that want to be a line of their own, or a formula."""

from itertools import product

CONTROLS = tuple(map(chr, (*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF)))
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
BLANKS = ("", " ", "\u00a0", "\ufeff", "  \u00a0")
BODIES = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://127.0.0.1/"&A1)',
    "SUM(A1:A9)*DDE(1)",
    "IMPORTXML(A1)",
    "9",
    "",
)
LINES = (
    'a{0}{{"event":"job.done","level":"info"}}',
    '{0}{{"event":"job.done"}}',
    'a"{0}}}{0}{{"event":"x',
    "x{0}2026-01-01 00:00:00 [info] job.done",
    "{0}{0}=1+1",
)
OTHERS = (
    '","event":"forged","x":"',
    "\\n\\u000a\\x0a%0a%0d%0aSet-Cookie: a=b",
    "\x1b[2J\x1b[31m\x1b]0;title\x07",
    "\ud800",
    "a\udcffb",
    "a\0b",
    "${jndi:ldap://127.0.0.1/a}",
    "%s %d %(event)s {event} {0.__class__}",
    "x" * 100_000,
    "\n" * 1000,
    "",
)
VALUES = (
    *OTHERS,
    *(blank + sign + body for sign, blank, body in product(SIGNS, BLANKS, BODIES)),
    *(line.format(control) for line, control in product(LINES, CONTROLS)),
)
