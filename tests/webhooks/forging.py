"""Proofs that prove nothing: nearly right, badly written, too old, too long, or of another."""

import base64
import gzip
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping

import jwt

from adapters.vapi.verifying import Plan, plan_of, short_plans
from tests.webhooks.wire import Headers, Sent

SECRET = "a shared secret of tests"  # noqa: S105 - made up
SIGNING = "a-signing-key-of-the-tests-that-is-long"
BASE64_SECRET = base64.b64encode(SECRET.encode()).decode()
TOOL = {"id": "t1", "name": "book-appointment", "arguments": {"date": "tomorrow", "time": "9:00"}}
GENUINE = json.dumps(
    {"message": {"type": "tool-calls", "toolCallList": [TOOL], "call": {"id": "a-forged-call"}}}
).encode()
DEEP = 10_000
BOMB = 8_000_000
LONG = 1000
WINDOW_SECONDS = 301
WIDE = "".join(chr(0xFF10 + digit) for digit in range(10))
"""Digits as they are written in Japanese."""

Forge = Callable[[random.Random], bytes]


def every_plan() -> list[Plan]:
    """All the ways of signing there are, in force at once."""
    described: list[Mapping[str, object]] = [
        {"type": "bearer", "token": SECRET},
        {"type": "bearer", "token": SECRET, "headerName": "X-Ours", "bearerPrefixEnabled": True},
        {"type": "hmac", "secrets": ["an old one", SECRET]},
        {"type": "hmac", "secretKey": SECRET, "signatureHeader": "X-Whole", "algorithm": "sha512",
         "includeTimestamp": False, "signaturePrefix": "sha512="},
        {"type": "hmac", "secretKey": BASE64_SECRET, "secretIsBase64": True, "algorithm": "sha1",
         "signatureHeader": "X-Sixty-Four", "signatureEncoding": "base64",
         "payloadFormat": "{svix-id}.{timestamp}.{method}.{url}.{body}",
         "messageIdHeader": "Webhook-Id", "timestampHeader": "Webhook-Timestamp"},
        {"type": "oauth2", "clientId": "vapi", "clientSecret": SECRET},
    ]  # fmt: skip
    plans = [plan_of(one, signing_key=SIGNING) for one in described]
    return [*plans, *short_plans(SECRET, allow_bare=True)]


def forgeries(count: int, *, seed: int) -> Iterator[Sent]:
    """Every malformed proof in every header that is looked at, with bodies of every sort."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    kinds, bodies = list(PROOFS.items()), list(BODIES.items())
    for number in range(count):
        kind, forge = kinds[number % len(kinds)]
        about, body = bodies[number // len(kinds) % len(bodies)]
        path = b"/vapi/webhook" if dice.random() < 0.5 else _tool_path(dice)
        headers = _headers(forge, dice)
        sort = (b"Content-Type", dice.choice(SORTS))
        encoding = (b"Content-Encoding", b"gzip") if about == "gzip" else (b"Accept", b"*/*")
        yield Sent(
            kind=f"{kind}, {about}", path=path, headers=[*headers, sort, encoding], body=body
        )


def _headers(forge: Forge, dice: random.Random) -> Headers:
    """The forged proof where each of the plans looks, and a time that is right or not."""
    proof = forge(dice)
    stamp = dice.choice(STAMPS)(time.time())
    told = [
        (b"X-Signature", proof),
        (b"X-Whole", dice.choice([b"sha512=", b"SHA512=", b""]) + proof),
        (b"X-Sixty-Four", proof),
        (b"X-Vapi-Signature", proof),
        (b"X-Vapi-Secret", proof),
        (b"Authorization", dice.choice([b"Bearer ", b"bearer  ", b"Basic ", b""]) + proof),
        (b"X-Ours", dice.choice([b"Bearer ", b""]) + proof),
        (b"X-Timestamp", stamp),
        (b"Webhook-Timestamp", stamp),
        (b"Webhook-Id", dice.choice([b"m1", b"{body}", b"\xff", b""])),
    ]
    if len(proof) > LONG:  # all at once they would be too much for HTTP itself
        whole = dice.choice(told)
        told = [one if one is whole else (one[0], one[1][:LONG]) for one in told]
    elif dice.random() < 0.2:
        told += [(name, forge(dice)) for name, _ in told[:7]]
    dice.shuffle(told)
    return told


def _tool_path(dice: random.Random) -> bytes:
    names = [b"book-appointment", b"%00", b"%ff%fe", b"..%5c..", b"x" * 900, b"%F0%9F%92%89"]
    return b"/vapi/tools/" + dice.choice(names)


def _digest(text: bytes, *, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), text, getattr(hashlib, algorithm)).digest()


def _hex(dice: random.Random) -> str:
    """A signature of ours of another body."""
    return _digest(dice.randbytes(12)).hex()


def _sixty_four(dice: random.Random) -> bytes:
    return base64.b64encode(_digest(dice.randbytes(12), algorithm="sha1"))


def _token(dice: random.Random, **changed: object) -> bytes:
    key = str(changed.pop("key", SIGNING))
    told = {"sub": "vapi", "aud": "vapi", "exp": int(time.time()) + 600, **changed}
    return jwt.encode({k: v for k, v in told.items() if v is not None}, key).encode()


def _unsigned(dice: random.Random) -> bytes:
    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"sub": "vapi", "aud": "vapi", "exp": int(time.time()) + 600}
    named = {"alg": dice.choice(["none", "None", "HS512", "RS256"])}
    return part(named) + b"." + part(claims) + b"."


def _nested(dice: random.Random) -> bytes:
    deep = base64.urlsafe_b64encode(b"[" * 2500).rstrip(b"=")
    return dice.choice([deep + b".e30.", b"eyJhbGciOiJIUzI1NiJ9." + deep + b"."]) + b"AAAA"


PROOFS: Mapping[str, Forge] = {
    "nothing": lambda _: b"",
    "white space": lambda _: b" \t ",
    "short": lambda dice: _hex(dice)[: dice.randrange(1, 63)].encode(),
    "odd hex": lambda dice: _hex(dice)[:-1].encode(),
    "long hex": lambda dice: (_hex(dice) * dice.randrange(2, 9)).encode(),
    "spaced hex": lambda dice: " ".join(_hex(dice)[at : at + 2] for at in range(0, 64, 2)).encode(),
    "no hex": lambda dice: _hex(dice).translate(str.maketrans("0123456789", "ghijklmnop")).encode(),
    "another body": lambda dice: _hex(dice).encode(),
    "another secret": lambda dice: _digest(GENUINE, secret=f"{dice.random()}").hex().encode(),
    "another algorithm": lambda _: _digest(GENUINE, algorithm="md5").hex().encode(),
    "another encoding": lambda _: base64.b64encode(_digest(GENUINE)),
    "raw bytes": lambda dice: bytes(0x80 | one for one in dice.randbytes(32)),
    "umlauts": lambda _: "ü".encode() * 32,
    "wide digits": lambda _: WIDE.encode() * 4,
    "half a character": lambda _: b"\xc3" * 64,
    "base64 cut off": lambda dice: _sixty_four(dice)[: -dice.randrange(1, 9)],
    "base64 without its end": lambda dice: _sixty_four(dice).rstrip(b"="),
    "base64 of another alphabet": lambda dice: base64.urlsafe_b64encode(dice.randbytes(20)) + b"-_",
    "base64 with too much": lambda dice: _sixty_four(dice) + b"====",
    "huge": lambda dice: b"a" * dice.choice([8191, 8192, 8193]),
    "nearly the secret": lambda dice: SECRET[:-1].encode() + bytes([dice.randrange(0x30, 0x3A)]),
    "the secret, twice": lambda _: f"{SECRET}, {SECRET}".encode(),
    "the secret in base64": lambda _: BASE64_SECRET.encode(),
    "a token of another key": lambda dice: _token(dice, key=SIGNING[::-1]),
    "a token that has ended": lambda dice: _token(dice, exp=int(time.time()) - 1),
    "a token without an end": lambda dice: _token(dice, exp=None),
    "a token with a strange end": lambda dice: _token(dice, exp=dice.choice([1e309, 1.5])),
    "a token for others": lambda dice: _token(dice, aud="others"),
    "a token of somebody else": lambda dice: _token(dice, sub="somebody"),
    "a token cut off": lambda dice: _token(dice)[: -dice.randrange(1, 80)],
    "a token without a signature": _unsigned,
    "a nested token": _nested,
}
STAMPS: tuple[Callable[[float], bytes], ...] = (
    lambda now: b"%d" % now,
    lambda now: b"%d" % (now * 1000),
    lambda now: b"%d" % (now - WINDOW_SECONDS),
    lambda now: b"%d" % (now + WINDOW_SECONDS),
    lambda _: b"",
    lambda _: b"now",
    lambda _: b"-1",
    lambda _: b"9" * 400,
    lambda _: WIDE.encode(),
    lambda now: b"%.3f" % now,
    lambda _: b"1e9",
)
SORTS = (b"application/json", b"text/plain", b"multipart/form-data", b"application/x-\xff", b"")
BODIES: Mapping[str, bytes] = {
    "a booking": GENUINE,
    "nothing": b"",
    "no UTF-8": b"\xff\xfe\x00{",
    "a half character": b'{"message": "\xed\xa0\x80"}',
    "too deep": b'{"message":' * DEEP,
    "brackets": b"[" * DEEP,
    "gzip": gzip.compress(b" " * BOMB),
    "no JSON": b"--boundary\r\nContent-Disposition: form-data",
}
