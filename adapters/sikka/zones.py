"""Windows names of time zones as IANA names, by CLDR's windowsZones."""

from collections.abc import Mapping

from domain.errors import BadInput
from domain.window import zone

WINDOWS: Mapping[str, str] = {
    # United States and its territories
    "eastern standard time": "America/New_York",
    "us eastern standard time": "America/Indiana/Indianapolis",
    "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver",
    "us mountain standard time": "America/Phoenix",
    "pacific standard time": "America/Los_Angeles",
    "alaskan standard time": "America/Anchorage",
    "aleutian standard time": "America/Adak",
    "hawaiian standard time": "Pacific/Honolulu",
    "sa western standard time": "America/Puerto_Rico",
    "west pacific standard time": "Pacific/Guam",
    # Canada
    "atlantic standard time": "America/Halifax",
    "newfoundland standard time": "America/St_Johns",
    "canada central standard time": "America/Regina",
    "yukon standard time": "America/Whitehorse",
    # United Kingdom
    "gmt standard time": "Europe/London",
    # Australia
    "aus eastern standard time": "Australia/Sydney",
    "tasmania standard time": "Australia/Hobart",
    "e. australia standard time": "Australia/Brisbane",
    "cen. australia standard time": "Australia/Adelaide",
    "aus central standard time": "Australia/Darwin",
    "w. australia standard time": "Australia/Perth",
    "aus central w. standard time": "Australia/Eucla",
    "lord howe standard time": "Australia/Lord_Howe",
    "norfolk standard time": "Pacific/Norfolk",
    # New Zealand
    "new zealand standard time": "Pacific/Auckland",
    "chatham islands standard time": "Pacific/Chatham",
    "utc": "Etc/UTC",
}


def iana(name: str) -> str:
    """The IANA zone that a Windows name, or an IANA name, means."""
    known = WINDOWS.get(" ".join(name.split()).casefold())
    if known is not None:
        return known
    if "/" in name:
        return zone(name).key
    raise BadInput(
        "Sikka names the practice's time zone in a way we do not know; give the zone yourself,"
        " such as America/Denver."
    )
