"""What is open in the review when somebody leaves: an admin with claims, a doctor who is erased (SECURITY.md)."""

from core import exhibits
from core.attempts import Attempts
from core.audit import Action
from core.notices import NoticeKind, Notices
from core.review_states import WAITING, State
from core.sessions import Signed
from core.unit import UnitOfWork
from storage import reviews as store
from storage import submissions as submission_store


class Departures:
    """Closes and gives back, in the transaction of who leaves."""

    def __init__(self, attempts: Attempts, notices: Notices) -> None:
        self._attempts = attempts
        self._notices = notices

    async def release_claims(self, uow: UnitOfWork, account_id: int) -> int:
        """Puts back into the queue what an admin who leaves had claimed (SECURITY.md Admins); how many.

        The images in their chats go too.
        """
        rows = await store.claimed_by(uow.conn, account_id)
        for row in rows:
            await self._attempts.move(uow, row, State.PENDING, Action.RELEASE_CERTIFICATE, reasons=["left"])
        await exhibits.leave(uow, account_id)
        return len(rows)

    async def close_open(self, uow: UnitOfWork, account_id: int, by: Signed | None) -> None:
        """Closes what is open of an account that is erased; the admin who had claimed it is told (SECURITY.md).

        `by` is its owner; None: the operator.
        """
        for row in await submission_store.of_account(uow.conn, account_id):
            if State(row.state) in WAITING:
                await self._attempts.move(
                    uow, row, State.WITHDRAWN, Action.WITHDRAW_CERTIFICATE, by=by, reasons=["erased"]
                )
                if row.claimed_by is not None:
                    await self._notices.tell(uow, row.claimed_by, NoticeKind.REVIEW_CLOSED, {"number": row.number})
            else:  # an approval that was to be looked at anew stands in cards, too
                await exhibits.changed(uow, row.id, State.WITHDRAWN)
