"""What time brings in the review: claims end, people are reminded, what is over is closed (REVIEW.md 3, 10, 12, 13).

Each is a function of one unit of work, safe to repeat; core/jobs/review.py says how often.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from core import working_hours
from core.attempts import Attempts
from core.audit import Action, Audit
from core.errors import Conflict
from core.notices import NoticeKind, Notices
from core.photo_removals import remove_photos
from core.review_states import REPLACED, WAITING, State
from core.standings import RESUBMIT_WITHIN, REVALIDATE_WITHIN
from core.unit import UnitOfWork
from storage import counters
from storage import review_times as store
from storage import reviews as review_store
from storage import submissions as submission_store
from storage.tables.base import AnyRow

REMIND_DOCTOR: Final = (timedelta(days=3), timedelta(days=14))
REMIND_ADMINS: Final = timedelta(hours=4)
ESCALATE: Final = timedelta(hours=24)
_DIGEST_PAUSE: Final = timedelta(hours=1)
_DIGEST: Final = "review digest"
_AT_ONCE: Final = 200
_REMINDS: Final = {
    State.NEEDS_RESUBMIT: (NoticeKind.CERTIFICATE_REMIND_RESUBMIT, RESUBMIT_WITHIN),
    State.REVALIDATE: (NoticeKind.CERTIFICATE_REMIND_REVALIDATE, REVALIDATE_WITHIN),
}
_log = structlog.get_logger(__name__)


class ReviewClock:
    """The program's own acts, by nobody who is signed in."""

    def __init__(self, *, attempts: Attempts, notices: Notices, audit: Audit, zone: ZoneInfo) -> None:
        """`zone` is the clinic's: it says which day is today, and when the quiet hours are."""
        self._attempts = attempts
        self._notices = notices
        self._audit = audit
        self._zone = zone

    async def end_claims(self, uow: UnitOfWork) -> None:
        """Puts back what was claimed for half an hour; the doctor hears nothing (REVIEW.md 3)."""
        for row in await review_store.claims_over(uow.conn, uow.now, most=_AT_ONCE):
            await self._move(uow, row, State.PENDING, Action.RELEASE_CERTIFICATE, "lease")

    async def remind_doctors(self, uow: UnitOfWork) -> None:
        """After 3 and after 14 days: what is to be sent again, which approval is about to end (REVIEW.md 12, 13)."""
        for state, (kind, within) in _REMINDS.items():
            for count, after in reversed(list(enumerate(REMIND_DOCTOR, start=1))):
                due = uow.now - after
                for row in await store.since(uow.conn, state, due, reminded_below=count, most=_AT_ONCE):
                    await store.set_reminded(uow.conn, row.id, count)
                    if await self._counts(uow, row):
                        await self._tell(uow, row, kind, until=self._day(row.updated_at + within))

    async def close(self, uow: UnitOfWork) -> None:
        """After 30 days: what was not sent again, which approval nobody has confirmed (REVIEW.md 12, 13).

        An approval does not end while a newer attempt waits for us.
        """
        over = await store.since(uow.conn, State.NEEDS_RESUBMIT, uow.now - RESUBMIT_WITHIN, most=_AT_ONCE)
        for row in over:
            counts = await self._counts(uow, row)
            if await self._move(uow, row, State.EXPIRED, Action.EXPIRE_CERTIFICATE) and counts:
                await self._tell(uow, row, NoticeKind.CERTIFICATE_CLOSED)
        for row in await store.since(uow.conn, State.REVALIDATE, uow.now - REVALIDATE_WITHIN, most=_AT_ONCE):
            waits = await self._waits(uow, row.account_id)
            if not waits and await self._move(uow, row, State.EXPIRED, Action.EXPIRE_CERTIFICATE):
                await self._tell(uow, row, NoticeKind.CERTIFICATE_EXPIRED)

    async def end_validity(self, uow: UnitOfWork) -> None:
        """An approval is valid on its last day; then it needs a new look (REVIEW.md 13)."""
        today = uow.now.astimezone(self._zone).date()
        for row in await store.validity_over(uow.conn, today, most=_AT_ONCE):
            if await self._move(uow, row, State.REVALIDATE, Action.REVALIDATE_CERTIFICATE, "validity"):
                until = self._day(uow.now + REVALIDATE_WITHIN)
                await self._tell(uow, row, NoticeKind.CERTIFICATE_VALIDITY_ENDS, until=until)

    async def unlock(self, uow: UnitOfWork) -> None:
        """Who was locked may send again once fewer than 5 refusals lie in the last 30 days (REVIEW.md 10)."""
        after = 0
        while rows := await store.in_state(uow.conn, State.LOCKED, after=after, most=_AT_ONCE):
            for row in rows:
                left = await self._attempts.tries_left(uow, row.account_id)
                if left and await self._move(uow, row, State.NEEDS_RESUBMIT, Action.REOPEN_CERTIFICATE, "time"):
                    await self._tell(uow, row, NoticeKind.CERTIFICATE_UNLOCKED)
            after = rows[-1].id

    async def remind_admins(self, uow: UnitOfWork) -> None:
        """After 4 hours a digest, after 24 a louder one, and the doctor hears that it is late (REVIEW.md Time).

        Hours between 21 and 8 o'clock do not count, and nobody is reminded in them; at most one digest an hour.
        """
        if working_hours.is_quiet(uow.now, self._zone):
            return
        late = working_hours.before(uow.now, ESCALATE, self._zone)
        some = working_hours.before(uow.now, REMIND_ADMINS, self._zone)
        if not await store.is_unreminded(uow.conn, late=late, some=some):
            return
        until = uow.now + _DIGEST_PAUSE
        if not await counters.take(uow.conn, _DIGEST, uow.now, limit=1, expires_at=until):
            return
        escalated = await store.remind_admins(uow.conn, late, 2)
        await store.remind_admins(uow.conn, some, 1)
        for row in escalated:
            if State(row.state) in WAITING:
                await self._tell(uow, row, NoticeKind.CERTIFICATE_LATE)
        kind, since = (NoticeKind.REVIEW_LATE, late) if escalated else (NoticeKind.REVIEW_WAITING, some)
        count, oldest = await store.waiting(uow.conn, since)
        if oldest is None:
            return
        hours = ESCALATE if escalated else working_hours.worked(oldest, uow.now, self._zone)
        about: dict[str, str | int] = {"count": count, "hours": int(hours / timedelta(hours=1))}
        for admin in await review_store.active_admins(uow.conn):
            await self._notices.tell(uow, admin, kind, about)

    async def drop_photos(self, uow: UnitOfWork) -> None:
        """Photos that have had their time go; their hashes and what was decided stay (REVIEW.md Retention)."""
        for row in await store.photos_over(uow.conn, uow.now, most=_AT_ONCE):
            files = await store.forget_photos(uow.conn, row.id)
            await remove_photos(uow, [file.path for file in files])
            await self._audit.append(
                uow,
                Action.DROP_PHOTOS,
                subject=row.number,
                file_hashes=[file.sha256 for file in files],
                version=row.version,
            )

    async def check_four_eyes(self, uow: UnitOfWork) -> None:
        """Warns the operator of decisions that nobody can second (REVIEW.md second_review)."""
        count = len(await review_store.active_admins(uow.conn))
        if count < 2:
            _log.warning("review.four_eyes is on, but there are too few admins to second a decision", admins=count)

    async def _move(self, uow: UnitOfWork, row: AnyRow, after: State, action: Action, *reasons: str) -> bool:
        """Whether the attempt was moved; somebody who was quicker keeps nobody else waiting."""
        try:
            await self._attempts.move(uow, row, after, action, reasons=reasons)
        except Conflict:
            return False
        return True

    async def _counts(self, uow: UnitOfWork, row: AnyRow) -> bool:
        """Whether this is the attempt that the doctor is to do something about."""
        if row.state == State.REVALIDATE:
            return not await self._waits(uow, row.account_id)
        attempts = await submission_store.of_account(uow.conn, row.account_id)
        return bool(row.id == next((each.id for each in attempts if State(each.state) not in REPLACED), None))

    async def _waits(self, uow: UnitOfWork, account_id: int) -> bool:
        attempts = await submission_store.of_account(uow.conn, account_id)
        return any(State(each.state) in WAITING for each in attempts)

    async def _tell(self, uow: UnitOfWork, row: AnyRow, kind: NoticeKind, **params: str | int) -> None:
        about: dict[str, str | int] = {"number": row.number, **params}
        await self._notices.tell(uow, row.account_id, kind, about)

    def _day(self, at: datetime) -> str:
        return at.astimezone(self._zone).date().isoformat()
