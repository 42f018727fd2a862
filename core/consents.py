"""Consents: given by version, recorded with their channel, withdrawable (SECURITY.md Privacy)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.audit import Action, Audit
from core.permissions import Permission, require
from core.sessions import Signed
from core.unit import Channel, UnitOfWork
from storage import accounts as account_store
from storage import consents as store
from storage import profiles as profile_store


class ConsentKind(StrEnum):
    """What can be consented to."""

    PRIVACY = "privacy"
    HEALTH = "health"


CURRENT_VERSION: Final = {ConsentKind.PRIVACY: 1, ConsentKind.HEALTH: 1}
"""Raised when a text changes in what it asks for: everybody is then asked again."""


@dataclass(frozen=True, slots=True)
class Given:
    """A consent that stands: to what, to which version of the text, and since when."""

    kind: ConsentKind
    version: int
    given_at: datetime


class Consents:
    """Gives, asks after and withdraws consents."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def give(self, uow: UnitOfWork, account_id: int, kind: ConsentKind) -> None:
        """Records consent to the present version; one that stands already is left as it is."""
        if await self.has(uow, account_id, kind):
            return
        version, channel = CURRENT_VERSION[kind], uow.channel.value
        if await store.add(uow.conn, account_id, uow.now, kind=kind.value, version=version, channel=channel):
            await self._append(uow, account_id, Action.GIVE_CONSENT, kind)

    async def has(self, uow: UnitOfWork, account_id: int, kind: ConsentKind) -> bool:
        """Whether consent to the present version stands."""
        version = await store.standing_version(uow.conn, account_id, kind.value)
        return version is not None and version >= CURRENT_VERSION[kind]

    async def own(self, uow: UnitOfWork, signed: Signed) -> list[Given]:
        """What stands of who is acting, by kind, the newest version of each. Raises Forbidden."""
        require(signed, Permission.SEE_OWN_ACCOUNT)
        rows = await store.standing(uow.conn, signed.account_id)
        newest = {row.kind: Given(ConsentKind(row.kind), row.version, row.given_at) for row in rows}
        return [newest[kind] for kind in ConsentKind if kind in newest]

    async def withdraw_own(self, uow: UnitOfWork, signed: Signed, kind: ConsentKind) -> None:
        """As `withdraw`, for who is acting. Raises Forbidden."""
        require(signed, Permission.GIVE_OWN_CONSENT)
        await self.withdraw(uow, signed.account_id, kind)

    async def withdraw(self, uow: UnitOfWork, account_id: int, kind: ConsentKind) -> None:
        """Withdraws what stands, with what it allowed to be kept; nothing happens when nothing does."""
        await account_store.get_locked(uow.conn, account_id)  # what is written by this consent now comes before, or not
        if await store.withdraw(uow.conn, account_id, kind.value, uow.now):
            if kind is ConsentKind.HEALTH:
                await profile_store.erase_medical_history(uow.conn, account_id)
            await self._append(uow, account_id, Action.WITHDRAW_CONSENT, kind)

    async def _append(self, uow: UnitOfWork, account_id: int, action: Action, kind: ConsentKind) -> None:
        account = await account_store.get(uow.conn, account_id)
        if account is None:  # the foreign key has refused it before
            return
        await self._audit.append(
            uow,
            action,
            actor=None if uow.channel is Channel.CLI else account.pseudonym,
            subject=account.pseudonym,
            reasons=[kind.value],
            version=CURRENT_VERSION[kind],
        )
