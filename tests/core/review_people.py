"""Doctors who send and admins who review, for stories about the review."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import select

from core.account import Account
from core.core import Core
from core.dossiers import Dossier
from core.errors import CoreError, Forbidden
from core.photos import StoredPhoto
from core.pictures import MediaType
from core.reasons import Refusal
from core.review_states import State
from core.sessions import Signed
from core.standings import Status
from core.values import Phone, Role
from storage.tables.accounts import audit, news
from storage.tables.submissions import submissions
from tests.conftest import Desk, SetClock

T = TypeVar("T")
RETRY: Final = Refusal.parse("BLR,CUT")
FINAL: Final = Refusal.parse("NOT", "名册中没有这个编号 // 已电话核实两次")


def photo(content: str, likeness: str | None = None) -> StoredPhoto:
    """A photo as it is when it lies in the store; another content is another photo."""
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return StoredPhoto(f"certificate/{secrets.token_hex(16)}", MediaType.JPEG, 10, 1200, 900, sha256, likeness)


@dataclass
class Clinic:
    """People and what they do, each act in a transaction of its own, as at the faces."""

    core: Core
    desk: Desk
    make_account: Callable[..., Awaitable[Account]]
    clock: SetClock
    people: int = 0
    sent: int = 0

    async def doctor(self, name: str = "王小明") -> Signed:
        """A doctor, logged in in the bot."""
        return await self._person(Role.DOCTOR, name)

    async def admin(self) -> Signed:
        """An admin, logged in in the bot."""
        return await self._person(Role.ADMIN, "管理员")

    async def _person(self, role: Role, name: str) -> Signed:
        self.people += 1
        account = await self.make_account(Phone(f"138{self.people:08}"), role=role, name=name)
        return await self.do(self.core.sessions.open_in_bot, account, 7000 + self.people)

    async def do(self, act: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """One act of the core; who may not is written down, as the faces do."""
        try:
            async with self.desk.write() as uow:
                return await act(uow, *args, **kwargs)
        except Forbidden as refused:
            async with self.desk.write() as uow:
                await self.core.permissions.record(uow, refused)
            raise

    async def tried(self, act: Callable[..., Awaitable[object]], *args: Any, **kwargs: Any) -> str:
        """`done`, or the code of why not."""
        try:
            await self.do(act, *args, **kwargs)
        except CoreError as refused:
            return refused.code
        return "done"

    async def send(self, doctor: Signed, content: str = "") -> str:
        """Sends a certificate with one photo; the attempt's number."""
        self.sent += 1
        photos = [photo(content or f"photo {self.sent}")]
        return (await self.do(self.core.certificates.submit, doctor, photos)).number

    async def open(self, admin: Signed, number: str) -> Dossier:
        """Claims and looks."""
        return await self.do(self.core.dossiers.open, admin, number)

    async def approve(self, admin: Signed, number: str, **more: Any) -> State:
        """Opens and approves."""
        await self.open(admin, number)
        return (await self.do(self.core.reviews.approve, admin, number, **more)).state

    async def refuse(self, admin: Signed, number: str, refusal: Refusal = RETRY) -> State:
        """Claims and refuses in one step."""
        return (await self.do(self.core.reviews.refuse, admin, number, refusal)).state

    async def status(self, doctor: Signed) -> Status:
        """What the doctor sees."""
        return await self.do(self.core.certificates.status, doctor)

    async def state(self, number: str) -> State:
        """Where an attempt is."""
        async with self.desk.read() as uow:
            found = select(submissions.c.state).where(submissions.c.number == number)
            return State((await uow.conn.execute(found)).scalar_one())

    async def told(self, who: Signed) -> list[str]:
        """The kinds of what an account was told, oldest first; whose login had expired reads them after the next."""
        async with self.desk.read() as uow:
            elsewhere = news.c.done_in.is_distinct_from(who.telegram_user_id)
            kinds = select(news.c.kind).where(news.c.account_id == who.account_id, elsewhere).order_by(news.c.id)
            return list((await uow.conn.execute(kinds)).scalars())

    async def trail(self, number: str) -> list[str]:
        """The audit of an attempt, oldest first: `action from>to`, the reasons behind it."""
        async with self.desk.read() as uow:
            rows = await uow.conn.execute(select(audit).where(audit.c.subject == number).order_by(audit.c.id))
            return [
                f"{row.action.split('.')[1]} {row.from_state or ''}>{row.to_state or ''} {row.reasons or ''}".strip()
                for row in rows
            ]
