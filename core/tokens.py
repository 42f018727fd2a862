"""The text of tokens: what is in them and when they are refused (TOKENS Issue, Verify, Keys)."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import jwt

from core.errors import Unauthenticated
from core.keys import Ring
from core.values import Role

LIFE: Final = timedelta(hours=1)
WINDOW: Final = timedelta(days=14)
_MAX_BYTES = 4096
_TEXTS = ("iss", "aud", "sub", "jti", "sid", "role")
_TIMES = ("iat", "nbf", "exp")


def new_id() -> str:
    """A fresh jti or sid: 128 random bits (TOKENS T3)."""
    return secrets.token_urlsafe(16)


def lapses_at(created_at: datetime, last_used_at: datetime, idle: timedelta) -> datetime:
    """When a login ends by itself: at the end of its window, or after lying unused so long (TOKENS T20, T23)."""
    return min(created_at + WINDOW, last_used_at + idle)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, checked for form, signature and time. Whether it is alive, its session knows."""

    account_id: int
    role: Role
    session_id: str
    jti: str
    issued_at: int
    not_before: int
    expires_at: int


class Tokens:
    """Signs and reads tokens: HS256 with `kid`, the claims of TOKENS T2, times from outside."""

    def __init__(self, ring: Ring, *, issuer: str, audience: str, leeway_seconds: int = 0) -> None:
        self._ring = ring
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway_seconds
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})
        # Reading a text costs 0.2 ms, and one request asks for the same one up to three times. What is refused raises,
        # so it is never kept; times are judged each time.
        self._verified = lru_cache(maxsize=1024)(self._verify)

    def sign(self, claims: Claims) -> str:
        """The token's text, by the first key (TOKENS T2, T4, T29)."""
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(claims.account_id),
            "iat": claims.issued_at,
            "nbf": claims.not_before,
            "exp": claims.expires_at,
            "jti": claims.jti,
            "sid": claims.session_id,
            "role": claims.role.value,
        }
        ring = self._ring.now
        return self._jwt.encode(payload, ring.key, algorithm="HS256", headers={"kid": ring.current})

    def read(self, text: str, now: datetime) -> Claims:
        """What a token says at `now`. Every fault is the same Unauthenticated (TOKENS T5-T9)."""
        payload = self._verified(text)
        if not all(isinstance(payload.get(name), str) for name in _TEXTS):
            raise Unauthenticated
        if not all(type(payload.get(name)) is int for name in _TIMES):  # a bool is an int to isinstance
            raise Unauthenticated
        if payload["iss"] != self._issuer or payload["aud"] != self._audience or payload["role"] not in list(Role):
            raise Unauthenticated
        if not re.fullmatch(r"[1-9][0-9]{0,17}", payload["sub"]):
            raise Unauthenticated
        moment = now.timestamp()
        if moment >= payload["exp"] + self._leeway:
            raise Unauthenticated
        if max(payload["nbf"], payload["iat"]) > moment + self._leeway:
            raise Unauthenticated
        return Claims(
            account_id=int(payload["sub"]),
            role=Role(payload["role"]),
            session_id=payload["sid"],
            jti=payload["jti"],
            issued_at=payload["iat"],
            not_before=payload["nbf"],
            expires_at=payload["exp"],
        )

    def _verify(self, text: str) -> dict[str, Any]:
        """The payload of a rightly signed token. The library's own time checks read the wall clock: they are off."""
        if len(text) > _MAX_BYTES or not text.isascii():
            raise Unauthenticated
        try:
            key = self._ring.find(str(jwt.get_unverified_header(text).get("kid")))
            if key is None:
                raise Unauthenticated
            return self._jwt.decode(
                text,
                key,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError):
            raise Unauthenticated from None
