"""Passwords: how they are stored, checked and judged (SECURITY.md Passwords)."""

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Self

import bcrypt

from core.errors import InvalidValue
from core.keys import Ring
from core.values import Password, fold
from core.workers import Workers

PEPPERED: Final = "bcrypt-sha384"
IMPORTED: Final = "bcrypt"
# Cost 4 to 16. Salt and sum end in what 22 and 31 characters can hold: bcrypt's library raises at other salts.
_FOREIGN_HASH: Final = re.compile(
    r"\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]"
)
_BCRYPT_BYTES = 72  # bcrypt reads no further, and version 5 of its library refuses more
_DIGEST_CHARACTERS = 31  # of a bcrypt hash, after its cost and salt
_QUEUE_PER_THREAD = 32


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password as stored. `scheme` is PEPPERED (with the pepper's id) or IMPORTED: a plain `$2a$/$2b$/$2y$`."""

    value: str = field(repr=False)
    scheme: str
    pepper_id: str | None

    @classmethod
    def of_row(cls, row: Any) -> Self | None:
        """From a row of accounts; None for no row, and for an account without a password."""
        if row is None or row.password_hash is None:
            return None
        return cls(row.password_hash, row.password_scheme, row.pepper_id)

    @classmethod
    def imported(cls, text: str) -> Self:
        """A hash that another service made. Raises InvalidValue for what is none, or would take minutes to verify."""
        if not _FOREIGN_HASH.fullmatch(text):
            raise InvalidValue("password_hash.wrong_format", field="password_hash")
        return cls(text, IMPORTED, None)


class Passwords:
    """Hashes and verifies off the event loop; refuses new passwords that anybody would guess."""

    def __init__(self, peppers: Ring, *, cost: int, threads: int = 0, reject_common: bool = True) -> None:
        """`cost` is bcrypt's; `threads` 0 means one a core."""
        self._peppers = peppers
        self._cost = cost
        self._reject_common = reject_common
        self._hasher = Workers(
            "hash",
            threads or os.cpu_count() or 1,
            queue_per_thread=_QUEUE_PER_THREAD,
            seconds=0.3,
            busy="passwords.busy",
        )
        # An unknown account costs the same work as a known one (SECURITY.md Login). Only the salt and the cost decide
        # how much: the digest is made up, which saves each start a hash.
        self._nobody = PasswordHash(
            bcrypt.gensalt(cost).decode() + "." * _DIGEST_CHARACTERS, PEPPERED, peppers.now.current
        )

    def check(self, password: Password) -> None:
        """Refuses a common password, or its owner's own data, when that is switched on. Raises InvalidValue."""
        if not self._reject_common:
            return
        folded = fold(password.value)
        if folded in common_passwords():
            raise InvalidValue("password.too_common", field="password")
        if folded in {fold(word).strip() for word in password.own}:
            raise InvalidValue("password.is_own_data", field="password")

    async def hash(self, password: Password) -> PasswordHash:
        """Checks a new password and hashes it. Raises InvalidValue, or Busy when too many wait."""
        self.check(password)
        return await self._hasher.run(lambda: self._hash(password.value))

    async def verify(self, stored: PasswordHash | None, given: str) -> bool:
        """Whether `given`, as received, is the stored password. Always one bcrypt, also when there is none stored."""
        return await self._hasher.run(lambda: self._verify(stored, given))

    async def rehash(self, given: str) -> PasswordHash:
        """Hashes a password that was just verified by the present scheme: it is taken as it is, rules or not."""
        return await self._hasher.run(lambda: self._hash(given))

    def is_outdated(self, stored: PasswordHash) -> bool:
        """Whether it should be hashed anew at the next login: imported, an older pepper, or a lower cost."""
        newer = stored.pepper_id == self._peppers.now.current and _cost_of(stored) >= self._cost
        return stored.scheme != PEPPERED or not newer

    def close(self) -> None:
        """Ends the threads; what waits is dropped."""
        self._hasher.close()

    def _hash(self, password: str) -> PasswordHash:
        ring = self._peppers.now
        value = bcrypt.hashpw(_peppered(password, ring.key), bcrypt.gensalt(self._cost)).decode()
        return PasswordHash(value, PEPPERED, ring.current)

    def _verify(self, stored: PasswordHash | None, given: str) -> bool:
        pepper = self._peppers.find(str(stored.pepper_id)) if stored else None
        known = stored if stored and (stored.scheme == IMPORTED or pepper) else None
        target = known or self._nobody
        too_long = len(given) > Password.MAX_BYTES or len(_utf8(given)) > Password.MAX_BYTES
        text = "" if too_long else given
        if target.scheme == IMPORTED:
            secret = _utf8(text)[:_BCRYPT_BYTES]
        else:
            secret = _peppered(text, pepper or self._peppers.now.key)
        right = bcrypt.checkpw(secret, target.value.encode())
        if not right:
            self._make_up_for(_cost_of(target))
        # bcrypt ends at a NUL byte: `p` and `p\0p` are one to it.
        return right and known is not None and not too_long and "\0" not in given

    def _make_up_for(self, cost: int) -> None:
        """Works as much as lacks to one hash of today's cost: a cheaper hash must not tell that there is an account.

        Each step doubles the work, so that 2^cost + (2^cost + … + 2^(today's - 1)) = 2^today's. A dearer one, which
        only an import can bring, takes longer until its owner's first login.
        """
        for step in range(cost, self._cost):
            bcrypt.hashpw(b"", bcrypt.gensalt(step))


def _cost_of(stored: PasswordHash) -> int:
    return int(stored.value.split("$")[2])


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _peppered(password: str, pepper: bytes) -> bytes:
    """64 bytes that stand for the whole password: nothing is cut at 72 bytes, no NUL collides."""
    normal = _utf8(unicodedata.normalize("NFKC", password))
    return base64.b64encode(hmac.digest(pepper, normal, hashlib.sha384))


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Passwords of 8 characters or more that head the lists of leaked ones, folded."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - half a megabyte, only where it is switched on

    return frozenset(fold(word) for word in FREQUENCY_LISTS["passwords"] if len(word) >= Password.MIN)
