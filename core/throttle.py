"""How often something may be tried: counted before the look, atomically, under keys that give nothing away.

SECURITY.md Login: growing delays from the fifth failure, at most 15 minutes; at most 5 registrations a day.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from core.errors import Throttled
from core.keys import Ring
from core.settings import Login as LoginSettings
from core.unit import UnitOfWork
from storage import counters as store

_FORGET_AFTER: Final = timedelta(hours=24)
_DAY: Final = timedelta(days=1)


class Throttle:
    """Counts tries in the database, so that they hold over processes and restarts."""

    def __init__(self, ring: Ring, settings: LoginSettings) -> None:
        self._ring = ring
        self._settings = settings

    def key(self, *parts: str | int) -> str:
        """The counter of something, as a keyed hash: nobody reads a phone or an address out of the table.

        By the ring's first key: what was counted begins anew with a new one.
        """
        key = hmac.digest(self._ring.now.key, b"clinic-bot counters", hashlib.sha256)
        framed = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
        return hmac.new(key, framed, hashlib.sha256).hexdigest()

    async def reserve(self, uow: UnitOfWork, key: str, free: int, code: str = "login.throttled") -> int:
        """Counts one try as failed and returns how many failed before it; a success gives it back.

        Once `free` tries are counted, each further one locks the counter for twice as long. Raises Throttled (`code`).
        """
        locks = self._locks(uow.now, free)
        count = await store.reserve(uow.conn, key, uow.now, expires_at=uow.now + _FORGET_AFTER, locks=locks)
        if count is None:
            _, locked_until, _ = await store.state(uow.conn, key, uow.now)
            raise Throttled(_wait(uow.now, locked_until), code)
        return count - 1

    async def give_back(self, uow: UnitOfWork, key: str) -> None:
        """Takes one reservation back, and the lock that it set."""
        await store.give_back(uow.conn, key)

    async def clear(self, uow: UnitOfWork, key: str) -> None:
        """Forgets all failures under a key."""
        await store.clear(uow.conn, key)

    async def check_registrations(self, uow: UnitOfWork, telegram_user_id: int) -> None:
        """Raises Throttled when this Telegram user has no registration left today; counts nothing."""
        count, _, ends = await store.state(uow.conn, self._registrations(telegram_user_id), uow.now)
        if count >= self._settings.registrations_per_day:
            raise Throttled(_wait(uow.now, ends), "register.too_many")

    async def take_registration(self, uow: UnitOfWork, telegram_user_id: int) -> None:
        """Takes one of the day's registrations of a Telegram user. Raises Throttled when none is left."""
        limit = self._settings.registrations_per_day
        await self.take(uow, "registrations", telegram_user_id, limit=limit, code="register.too_many")

    async def take(self, uow: UnitOfWork, what: str, telegram_user_id: int, *, limit: int, code: str) -> None:
        """Takes one of what a Telegram user may have `limit` of in a day. Raises Throttled (`code`): none is left."""
        key = self.key(what, telegram_user_id)
        if not await store.take(uow.conn, key, uow.now, limit=limit, expires_at=uow.now + _DAY):
            _, _, ends = await store.state(uow.conn, key, uow.now)
            raise Throttled(_wait(uow.now, ends), code)

    def _registrations(self, telegram_user_id: int) -> str:
        return self.key("registrations", telegram_user_id)

    def _locks(self, now: datetime, free: int) -> list[tuple[int, datetime]]:
        """(count, locked until), from the longest lock down to the first."""
        delays: Iterable[int] = _doubling(self._settings.first_delay_seconds, self._settings.max_delay_seconds)
        locks = [(free + step, now + timedelta(seconds=delay)) for step, delay in enumerate(delays)]
        return locks[::-1]


def _doubling(first: int, most: int) -> list[int]:
    delays = [min(first, most)]
    while delays[-1] < most:
        delays.append(min(delays[-1] * 2, most))
    return delays


def _wait(now: datetime, until: datetime | None) -> int:
    return max(1, ceil((until - now).total_seconds())) if until else 1
