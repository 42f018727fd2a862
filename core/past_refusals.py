"""Refusals that go with a phone which is free again: for two years, by an HMAC of it (SECURITY.md Privacy)."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.keys import Ring
from core.review_states import WAITING, State
from core.unit import UnitOfWork
from core.values import Phone
from storage import erasing as erasing_store
from storage import past_refusals as store

LIFE: Final = timedelta(days=730)
REMEMBERED: Final = frozenset({State.REJECTED, State.LOCKED})


@dataclass(frozen=True, slots=True)
class PastRefusal:
    """That a doctor with this phone was refused, and when; their account was erased or has lost the phone since."""

    state: State
    refused_at: datetime


class PastRefusals:
    """Remembers refusals by phone, so that a registration anew does not start as if there had been none."""

    def __init__(self, ring: Ring) -> None:
        """`ring` are the audit's keys: the only ones that are kept as long as what they were used for (REVIEW.md)."""
        self._ring = ring

    async def note(self, uow: UnitOfWork, phone: Phone, state: State, refused_at: datetime) -> None:
        """Remembers a refusal of the owner of this phone for two years from now."""
        ring = self._ring.now
        mac = _mac(ring.current, ring.key, phone)
        await store.add(uow.conn, mac, state=state.value, refused_at=refused_at, expires_at=uow.now + LIFE)

    async def phone_leaves(self, uow: UnitOfWork, account_id: int, phone: Phone) -> None:
        """Remembers, if this account was refused for good: whoever has its phone next may be the same person."""
        refusal = await erasing_store.last_refusal(uow.conn, account_id, sorted(REMEMBERED), sorted(WAITING))
        if refusal is not None:
            # What waits because it appeals is remembered as what it appeals against.
            state = State(refusal.state) if refusal.state in REMEMBERED else State.REJECTED
            await self.note(uow, phone, state, refusal.refused_at)

    async def of(self, uow: UnitOfWork, phone: Phone) -> list[PastRefusal]:
        """What is remembered under this phone, the newest refusal first. Not who it was: numbers are recycled."""
        macs = [_mac(kid, key, phone) for kid, key in self._ring.now.keys.items()]
        rows = await store.of(uow.conn, macs, uow.now)
        return list(dict.fromkeys(PastRefusal(State(row.state), row.refused_at) for row in rows))

    async def purge(self, uow: UnitOfWork) -> None:
        """Forgets what has had its two years."""
        await store.purge(uow.conn, uow.now)


def _mac(kid: str, key: bytes, phone: Phone) -> str:
    own = hmac.digest(key, b"clinic-bot past refusals", hashlib.sha256)
    return f"{kid}:{hmac.new(own, phone.value.encode(), hashlib.sha256).hexdigest()}"
