"""AdvancedMD, played from public accounts of it: medical offices in the United States.

`python -m simulators.advancedmd --port 8085` prints one line of JSON and serves; `--tenants` is
the number of offices. `token_url` is the door of the first post of a login; its answer names the
office's own server, which is this one too: `{url}/processrequest/api-801/EXAMPLE1`. An office's
name under /_sim is its key (`130001`); the parameter is `tenant` and the first is meant when it is
left out. All times, tokens and limits go by the vendor's own clock.

GET  /_sim/credentials   username, password, office_key, app_name
GET  /_sim/truth         appointments with `statuscode`, `column_id`, `visit_id`, `type_ids`; rows
                         of status 5, which REST does not list, are named in `moved` alone
GET  /_sim/tenants       the offices; POST /_sim/tenants/{key} {"is_locked", "is_expired",
                         "sees_visits", "may_read_updates", "moves": true for another server}
GET, POST /_sim/knobs    every open question, see `Knobs`: token_seconds, login_seconds,
                         refuses_excess, hides_moved, month_statuses, contacts, ...
GET, POST /_sim/clock    {"now"}, {"offset_seconds"}, {"advance_seconds"}, {"speed"} (0 stops, 60
                         is a minute a second); {} follows the real time again; tells the time in
                         Denver and whether it is peak
GET, DELETE /_sim/calls  every call of every office with its instant, action, tier and limit, and
                         `counts`; `tenant`, `since` (a number) choose
GET  /_sim/invoice       `cents`, those of each office, and every call beyond the limit
GET  /_sim/violations    the same by tier
GET  /_sim/charges       messages that billed somebody, such as addvisit: there should be none
GET, POST, DELETE /_sim/ppmd-faults   {"scripts": [{"code": 1025, "action": "getdatevisits",
                         "times", "after"}], "dial": {"1025": 0.01}}; codes short or long; REST
                         answers 401 for 1025, 409 for -2147217398, else 400
POST /_sim/expire-tokens of one `tenant` or of all
POST /_sim/statuscodes/{appointment} {"statuscode"}: any number
POST /_sim/rebook/{appointment} {"start_utc"}: the old row becomes a 5, a new one has the new time

And what every vendor's simulator has: changes, requests, faults (the path of a message ends in
`?action=...`; lost-504, lost-drop and lost-silent do a write of REST first), live, limits, latency
and appointments.
"""

from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.simulator import AdvancedmdSimulator

__all__ = ["AdvancedmdSimulator", "Knobs"]
