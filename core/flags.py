"""What a reviewer should know beside the image; never a verdict (REVIEW.md Flags)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.likeness import ALIKE, distance
from core.past_refusals import PastRefusal, PastRefusals
from core.unit import UnitOfWork
from core.values import Phone
from storage import reviews as store
from storage.tables.base import AnyRow

SMALL_SIDE: Final = 800
"""Pixels: on a picture whose shorter side has fewer, the small print of a certificate cannot be read."""
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Flags:
    """What is remarkable.

    Args:
        same_bytes: numbers of other accounts' attempts with a file of the same bytes.
        alike: numbers of other accounts' attempts that look the same.
        phone_unverified: the account has a phone that nobody has shown to be theirs.
        former_name: the name when this was sent, or last approved, where it was another.
        small: how many of the photos are small.
        past_refusals: of accounts that had this phone and are erased or lost it, the newest first.
    """

    same_bytes: tuple[str, ...]
    alike: tuple[str, ...]
    phone_unverified: bool
    former_name: str | None
    small: int
    past_refusals: tuple[PastRefusal, ...]


class Flagging:
    """Compares an attempt with all others."""

    def __init__(self, past_refusals: PastRefusals) -> None:
        self._past_refusals = past_refusals

    async def of(self, uow: UnitOfWork, attempt: AnyRow, doctor: AnyRow, files: Sequence[AnyRow]) -> Flags:
        """The flags of an attempt; `doctor` is its account's row."""
        if attempt.compared_at is None:  # opened before the clock came round
            await self.note(uow, await self.look_alikes(uow, [attempt.id]))
        phone = Phone(doctor.phone) if doctor.phone is not None else None
        past = await self._past_refusals.of(uow, phone) if phone is not None else []
        return Flags(
            same_bytes=tuple(await store.same_bytes(uow.conn, attempt.account_id, [file.sha256 for file in files])),
            alike=tuple(await store.alike(uow.conn, attempt.id)),
            phone_unverified=phone is not None and doctor.phone_verified_at is None,
            former_name=attempt.name if attempt.name not in {None, doctor.name} else None,
            small=sum(min(file.width, file.height) < SMALL_SIDE for file in files),
            past_refusals=tuple(past),
        )

    async def look_alikes(self, uow: UnitOfWork, attempts: Sequence[int]) -> dict[int, set[int]]:
        """What looks like the photos of these attempts under other accounts, by attempt. Reads all there is."""
        new: dict[int, list[tuple[int, str]]] = {attempt: [] for attempt in attempts}
        for row in await store.likenesses_of(uow.conn, attempts):
            new[row.submission_id].append((row.account_id, row.likeness))
        found: dict[int, set[int]] = {attempt: set() for attempt in attempts}
        after = (0, 0)
        while rows := await store.likenesses(uow.conn, after=after, most=_PAGE):
            for row in rows:
                for attempt, photos in new.items():
                    if any(
                        account != row.account_id and distance(likeness, row.likeness) <= ALIKE
                        for account, likeness in photos
                    ):
                        found[attempt].add(row.submission_id)
            after = (rows[-1].submission_id, rows[-1].position)
        return found

    async def note(self, uow: UnitOfWork, found: Mapping[int, set[int]]) -> None:
        """Writes down what was found, for both sides of each likeness."""
        for attempt, others in found.items():
            await store.set_compared(uow.conn, attempt, uow.now, sorted(others))
