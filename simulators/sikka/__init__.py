"""Sikka ONE API v4, played from its document: dental offices in the United States.

`python -m simulators.sikka --port 8084` prints one line of JSON (`base_url` ends in /v4) and
serves; `--tenants` is the number of offices (four: Dentrix, Eaglesoft, Open Dental, OrthoTrac in
turn), each with two practices. A practice's name under /_sim is its site: `D90001`, or
`D90001:1-1` for the second one of the office; the parameter is `tenant` and the first is meant
when it is left out. Everything is read from a copy that is refreshed every few seconds, and
every write waits 20 to 160 seconds of the vendor's own clock.

GET  /_sim/truth         the PMS itself: appointments with `operatory`, `description` and the
                         `writebacks` that touched them; `overlaps` of a chair or a provider,
                         `double_bookings` (those a write-back made), `writebacks` with `marker`
                         (its description or note), `created_id`, `state` and `is_answered`;
                         `notes`, `transactions`
GET  /_sim/credentials   app_id, app_key, office_id, practice_id, secret_key, refresh_key
POST /_sim/credentials   {"app_id", "app_key"} to use a client's own
GET  /_sim/tenants       the practices; POST /_sim/tenants/{site} {"pms", "is_online" (its SPU),
                         "is_uploaded", "is_authorised"}
GET, POST /_sim/knobs    every open question, see `Knobs`: refresh_seconds, fastest_write,
                         slowest_write, failing, not_logged, refuses_overlaps, empty, wrapped,
                         ignores_find, unlicensed, daily_requests, ...
GET, POST /_sim/clock    {"now"}, {"advance_seconds"}, {"speed"} (0 stops, 60 is a minute a
                         second); {} follows the real time again
POST /_sim/refresh       copy every practice now
GET  /_sim/writebacks    all of them
POST /_sim/writebacks    {"next": [{"fate", "seconds", "text"}]}: what becomes of the next ones,
                         done, fail, not-logged, lost-504, lost-drop or lost-silent;
                         /_sim/writebacks/finish ends all that wait
POST /_sim/expire-tokens every request key has expired
POST /_sim/authorise     {"tenant", "url", "shape": "seed" or "handshake", "times", "forged",
                         "headers", "extra"}: the office buys the application and the marketplace
                         says so; forged is unknown-office, wrong-secret, unauthorised, other-app,
                         not-json or empty
POST /_sim/revoke        {"tenant", "url"}: calls answer 401 and API2007
GET, POST, DELETE /_sim/webhooks   {"event", "url", "callback_key"}; /settle waits

And what every vendor's simulator has: changes, requests, violations, faults (here also 504,
lost-504, lost-drop and lost-silent, which take the write on first), live, limits, latency and
appointments.
"""

from simulators.sikka.knobs import Knobs
from simulators.sikka.simulator import SikkaSimulator

__all__ = ["Knobs", "SikkaSimulator"]
