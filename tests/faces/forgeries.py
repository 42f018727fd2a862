"""Tokens as an attacker would write them: each from a living one, most of them rightly signed (TOKENS Verify)."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import jwt

from core.keys import KeyRing

Forge = Callable[[str, KeyRing], str]

_WRONG: Final[dict[str, list[object]]] = {
    "iss": [1, ["clinic-bot"], "other-clinic"],
    "aud": [1, ["clinic"], "other"],
    "sub": [7, "", "0", "-7", "７", "7\n", "7.0", "1e3", "9" * 40],
    "iat": ["1", 1.5, True],
    "nbf": ["1", 1.5, False],
    "exp": ["9999999999", 9999999999.5, True],
    "jti": [1, ["x"], "A" * 22],
    "sid": [1, {}, "A" * 22],
    "role": [1, "root", ["patient"], "doctor", "admin"],
}
_HEADERS: Final[dict[str, dict[str, object]]] = {
    "no kid": {"alg": "HS256"},
    "unknown kid": {"alg": "HS256", "kid": "k2"},
    "null kid": {"alg": "HS256", "kid": None},
    "list as kid": {"alg": "HS256", "kid": ["k1"]},
    **{f"alg {name or 'empty'}": {"alg": name} for name in ("none", "None", "NONE", "RS256", "")},
}
_TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "two segments": lambda text: text.rpartition(".")[0],
    "no signature": lambda text: text.rpartition(".")[0] + ".",
    "four segments": lambda text: text + ".x",
    "signature changed": lambda text: text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB"),
    "no json": lambda _: "a.b.c",
    "one word": lambda _: "token",
}


def forgeries() -> Iterator[tuple[str, str, Forge]]:
    """The statement that refuses it, a name, and how it is made of a living token."""
    for claim, values in _WRONG.items():
        yield "T6", f"no {claim}", lambda text, ring, claim=claim: signed(_without(text, claim), ring)  # type: ignore[misc]
        for value in [None, *values]:
            yield "T6", f"{claim} {value!r}", lambda text, ring, c=claim, v=value: signed(claims(text) | {c: v}, ring)  # type: ignore[misc]
    for name, headers in _HEADERS.items():
        yield "T9", name, lambda text, ring, headers=headers: signed(claims(text), ring, headers=headers)  # type: ignore[misc]
    for name, act in _TEXTS.items():
        yield "T9", name, lambda text, _ring, act=act: act(text)  # type: ignore[misc]
    for algorithm in ("HS384", "HS512"):
        yield (
            "T9",
            f"alg {algorithm}",
            lambda text, ring, algorithm=algorithm: signed(  # type: ignore[misc]
                claims(text),
                ring,
                headers={"alg": algorithm, "kid": ring.current},
                digest=algorithm.replace("HS", "sha"),
            ),
        )
    yield "T9", "another key under the same kid", lambda text, ring: signed(claims(text), ring, key=bytes(range(32)))
    yield "T9", "over 4 KB", lambda text, ring: signed(claims(text) | {"extra": "x" * 4000}, ring)


def claims(text: str) -> dict[str, Any]:
    """What a token says, unchecked."""
    return jwt.decode(text, options={"verify_signature": False})


def signed(
    payload: dict[str, Any],
    ring: KeyRing,
    *,
    key: bytes | None = None,
    headers: dict[str, object] | None = None,
    digest: str = "sha256",
) -> str:
    """A token signed rightly whatever is in it: the library would refuse to write some of these."""

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = {"alg": "HS256", "typ": "JWT", "kid": ring.current} if headers is None else headers
    body = part(head) + b"." + part(payload)
    signature = base64.urlsafe_b64encode(hmac.digest(key or ring.key, body, digest)).rstrip(b"=")
    return (body + b"." + signature).decode()


def _without(text: str, claim: str) -> dict[str, Any]:
    return {name: value for name, value in claims(text).items() if name != claim}
