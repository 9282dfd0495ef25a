"""The links to our own servers: encrypted in production, over no older TLS than 1.3 unless told."""

from collections.abc import Collection
from urllib.parse import SplitResult, parse_qs, urlsplit

from infra.vendor_urls import is_loopback

ENCRYPTED_SSL_MODES = frozenset({"require", "verify-ca", "verify-full"})
POSTGRES_FLOOR, REDIS_FLOOR = "ssl_min_protocol_version", "ssl_min_version"
NEWEST = "TLSv1.3"
FLOORS = ("TLSv1.2", NEWEST)
# redis-py wants the number that the protocol itself uses.
NUMBERS = {"TLSv1.2": "771", NEWEST: "772"}


def postgres_link(url: str, *, production: bool, same_machine: Collection[str]) -> str:
    """The address as it is used; ValueError says what it lacks and never quotes it."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"} or not rest:
        raise ValueError("must start with postgresql://")
    address = "postgresql://" + rest
    parts = _parts(address)
    if _stays_here(parts, same_machine):
        return address
    if production and _said(parts, "sslmode") not in ENCRYPTED_SSL_MODES:
        raise ValueError("add ?sslmode=verify-full (or require): the database is not local")
    _check_floor(_said(parts, POSTGRES_FLOOR), POSTGRES_FLOOR)
    return _with(address, parts, name=POSTGRES_FLOOR, value=NEWEST)


def redis_link(url: str, *, production: bool, same_machine: Collection[str]) -> str:
    """The same for Redis, whose encryption the scheme says."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    parts = _parts(url)
    if parts.scheme == "rediss":
        return _encrypted_redis(url, parts, production=production)
    if production and not _stays_here(parts, same_machine):
        raise ValueError("must start with rediss://: the server is not local")
    return url


def in_the_clear(url: str, *, same_machine: Collection[str]) -> bool:
    """Whether what passes over this link, to PostgreSQL or Redis, can be read on its way."""
    parts = _parts(url)
    if parts.scheme == "rediss" or _stays_here(parts, same_machine):
        return False
    return _said(parts, "sslmode") not in ENCRYPTED_SSL_MODES


def lowered(url: str) -> bool:
    """Whether the address settles for an older TLS than we would."""
    query = urlsplit(url).query
    return any(f"={old}" in query for old in (FLOORS[0], NUMBERS[FLOORS[0]]))


def _encrypted_redis(url: str, parts: SplitResult, *, production: bool) -> str:
    if production and _said(parts, "ssl_cert_reqs") not in {"", "required"}:
        raise ValueError("must not say ssl_cert_reqs: the server's certificate is looked at")
    if production and _said(parts, "ssl_check_hostname").lower() in {"0", "false", "no", "n"}:
        raise ValueError("must not say ssl_check_hostname: the server's name is looked at")
    said = _said(parts, REDIS_FLOOR)
    if said in NUMBERS.values():
        return url
    _check_floor(said, REDIS_FLOOR)
    if said:
        return url.replace(f"{REDIS_FLOOR}={said}", f"{REDIS_FLOOR}={NUMBERS[said]}")
    return _with(url, parts, name=REDIS_FLOOR, value=NUMBERS[NEWEST])


def _check_floor(said: str, name: str) -> None:
    if said and said not in FLOORS:
        raise ValueError(f"{name} must be one of {', '.join(FLOORS)}")


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("is not a URL") from None


def _stays_here(parts: SplitResult, same_machine: Collection[str]) -> bool:
    """A socket, a loopback address, or a name that an operator says is this machine.

    libpq takes hosts from the query as well, several with commas between, over the address's own.
    """
    told = [parts.hostname or "", _said(parts, "host"), _said(parts, "hostaddr")]
    hosts = [host for one in told for host in one.split(",") if host]
    return all(
        host.startswith(("/", "@")) or is_loopback(host) or host in same_machine for host in hosts
    )


def _said(parts: SplitResult, name: str) -> str:
    return parse_qs(parts.query).get(name, [""])[-1]


def _with(url: str, parts: SplitResult, *, name: str, value: str) -> str:
    """Added at the end, so that nothing of the address is written anew."""
    if _said(parts, name):
        return url
    return f"{url}{'&' if parts.query else '?'}{name}={value}"
