"""What every act of a reviewer shares: may they, is it still so, the decision written down, who is told (REVIEW.md)."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

from core.attempts import Attempts, Verdict, admin_number
from core.audit import Action
from core.errors import Conflict, Forbidden, InvalidValue
from core.notices import NoticeKind, Notices
from core.permissions import Permission, require
from core.profiles import Field
from core.reasons import Message, Refusal
from core.review_states import WAITING, State
from core.sessions import Sessions, Signed
from core.unit import UnitOfWork
from core.values import BirthDate
from storage import accounts as account_store
from storage import audit as audit_store
from storage import reviews as store
from storage import submissions as submission_store
from storage.tables.base import AnyRow

_LONGEST_VALIDITY: Final = timedelta(days=366 * 50)


class Reviewing:
    """The ground that Reviews and Reversals stand on."""

    def __init__(self, *, attempts: Attempts, sessions: Sessions, notices: Notices, zone: ZoneInfo) -> None:
        """`zone` is the clinic's: it says which day is today."""
        self.attempts = attempts
        self._sessions = sessions
        self._notices = notices
        self._zone = zone

    async def reviewed(self, uow: UnitOfWork, signed: Signed, number: str, version: int | None = None) -> AnyRow:
        """The attempt, for an admin who may decide on it, as of the version on their screen.

        A claim whose time is over has ended. Raises Forbidden, Unauthenticated, NotFound, Conflict.
        """
        signed = require(signed, Permission.REVIEW)
        await self._sessions.check_living(uow, signed)
        row = await self.attempts.find(uow, number)
        await account_store.get_held(uow.conn, row.account_id)  # what is decided is about who they are now
        if signed.account_id not in await store.able(uow.conn, row.account_id):
            raise Forbidden("certificate.review_own", signed.pseudonym, "review.own")
        if row.state == State.IN_REVIEW and row.claimed_until <= uow.now:
            await self.attempts.move(uow, row, State.PENDING, Action.RELEASE_CERTIFICATE, reasons=["lease"])
            row = await self.attempts.find(uow, number)
        if version is not None and version != row.version:
            raise conflict(row)
        return row

    async def has_named_themselves(self, uow: UnitOfWork, row: AnyRow, *, since: int) -> bool:
        """Whether the doctor of an attempt has written their name after that entry of the audit."""
        doctor = await account_store.get(uow.conn, row.account_id)
        assert doctor is not None  # a foreign key
        changed = await audit_store.reasons_since(uow.conn, doctor.pseudonym, action=Action.CHANGE_PROFILE, after=since)
        return Field.NAME in changed

    async def others(self, uow: UnitOfWork, row: AnyRow) -> list[AnyRow]:
        """The other attempts of the same account, newest first."""
        return [other for other in await submission_store.of_account(uow.conn, row.account_id) if other.id != row.id]

    async def decide(
        self,
        uow: UnitOfWork,
        signed: Signed,
        row: AnyRow,
        verdict: Verdict,
        *,
        refusal: Refusal | None = None,
        message: Message | None = None,
        valid_until: date | None = None,
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """Writes the decision down and gives its id; Conflict, with who was quicker, when somebody was."""
        try:
            return await self.attempts.decide(
                uow,
                row,
                verdict,
                by=signed,
                reasons=refusal.reasons if refusal else (),
                message=refusal.message if refusal else message,
                note=refusal.note if refusal else None,
                valid_until=valid_until,
                values=values,
            )
        except Conflict:
            await self.lost(uow, row.number)

    async def lost(self, uow: UnitOfWork, number: str) -> NoReturn:
        """Somebody else was quicker: Conflict says who."""
        raise conflict(await self.attempts.find(uow, number))

    def today(self, uow: UnitOfWork) -> date:
        """The clinic's."""
        return uow.now.astimezone(self._zone).date()

    def check_validity(self, uow: UnitOfWork, valid_until: date | None) -> None:
        """Raises InvalidValue `valid_until.past`, `.too_far`."""
        today = self.today(uow)
        if valid_until is not None and valid_until <= today:
            raise InvalidValue("valid_until.past", field="valid_until")
        if valid_until is not None and valid_until > today + _LONGEST_VALIDITY:
            raise InvalidValue("valid_until.too_far", field="valid_until")

    async def tell(self, uow: UnitOfWork, row: AnyRow, kind: NoticeKind, **params: str | int) -> bool:
        """Tells the doctor, and whether they have a chat for it."""
        about: dict[str, str | int] = {"number": row.number, **params}
        return await self._notices.tell(uow, row.account_id, kind, about) > 0

    async def tell_admin(self, uow: UnitOfWork, admin_id: int, number: str) -> None:
        """Tells the admin who decided on this attempt that its doctor cannot be reached."""
        await self._notices.tell(uow, admin_id, NoticeKind.REVIEW_UNREACHABLE, {"number": number})

    async def tell_admins(self, uow: UnitOfWork, signed: Signed, row: AnyRow, kind: NoticeKind) -> None:
        """Tells every admin, except where this was done."""
        about: dict[str, str | int] = {"number": row.number, "admin": admin_number(signed.account_id)}
        for admin in await store.active_admins(uow.conn):
            await self._notices.tell(uow, admin, kind, about, but=signed.telegram_user_id)


def parse_valid_until(text: str) -> date:
    """A day as people write one, like `2028-12-31` (CONTRACT.md 1 birth_date). Raises InvalidValue `valid_until.…`."""
    try:
        return BirthDate.parse(text).value
    except InvalidValue as error:
        fault = error.code.partition(".")[2]
        raise InvalidValue(f"valid_until.{fault}", field="valid_until", **error.params) from None


def codes(refusal: Refusal) -> str:
    """The reasons as a notice carries them."""
    return ",".join(reason.value for reason in refusal.reasons)


def conflict(row: AnyRow) -> Conflict:
    """What an attempt is now, and whose doing that is."""
    if row.state == State.IN_REVIEW:
        return Conflict("review.claimed", by=admin_number(row.claimed_by), until=row.claimed_until)
    if State(row.state) in WAITING | {State.REVALIDATE}:
        return Conflict("review.changed")
    if row.decided_by is None:
        return Conflict("review.closed")
    return Conflict("review.decided", by=admin_number(row.decided_by), at=row.decided_at)
