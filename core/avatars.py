"""The photo that people show of themselves (CONTRACT.md 1 avatar)."""

from core.accounts import Accounts
from core.audit import Action, Audit
from core.permissions import Permission, require
from core.photo_arrivals import settle_photos
from core.photo_removals import remove_photos
from core.photos import StoredPhoto
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import Role
from storage import profiles as store

SIDE = 512
"""Pixels: an avatar is made smaller until no side has more."""
_FIELD = "avatar_photo"


class Avatars:
    """Sets, shows and erases one's own. An address of a picture, which HTTP can set, is the profile's own field."""

    def __init__(self, accounts: Accounts, audit: Audit) -> None:
        self._accounts = accounts
        self._audit = audit

    @staticmethod
    def check_may_change(signed: Signed) -> None:
        """Refuses who may have no avatar: before a photo is fetched. Raises Forbidden."""
        _require(signed)

    async def set(self, uow: UnitOfWork, signed: Signed, photo: StoredPhoto) -> None:
        """This photo, which core.photos keeps, is the avatar of who is acting; the one before leaves the store.

        Raises Forbidden, Conflict (`photo.gone`), Unauthenticated (the account was erased meanwhile).
        """
        _require(signed)
        await settle_photos(uow, [photo.path])
        await self._change(uow, signed, photo.path)

    async def erase(self, uow: UnitOfWork, signed: Signed) -> None:
        """Takes the avatar of who is acting away, photo or address. Raises as `set`."""
        _require(signed)
        await self._change(uow, signed, None)

    async def look(self, uow: UnitOfWork, signed: Signed) -> str | None:
        """The name of one's own photo in the store, None when there is none; a look is audited. Raises Forbidden."""
        require(signed, Permission.SEE_OWN_ACCOUNT)
        row = await store.get(uow.conn, signed.account_id)
        path: str | None = None if row is None else row.avatar_photo
        if path is not None:
            await self._audit.append(uow, Action.SEE_AVATAR, actor=signed.pseudonym, subject=signed.pseudonym)
        return path

    async def _change(self, uow: UnitOfWork, signed: Signed, path: str | None) -> None:
        await self._accounts.lock_own(uow, signed)
        await remove_avatar_photo(uow, signed.account_id)
        await store.save(uow.conn, signed.account_id, {"avatar_url": None, _FIELD: path})
        await self._audit.append(
            uow, Action.CHANGE_PROFILE, actor=signed.pseudonym, subject=signed.pseudonym, reasons=[_FIELD]
        )


async def remove_avatar_photo(uow: UnitOfWork, account_id: int) -> None:
    """Has the account's photo, if it has one, leave the store; its row is for the caller to write."""
    row = await store.get(uow.conn, account_id)
    if row is not None and row.avatar_photo is not None:
        await remove_photos(uow, [row.avatar_photo])


def _require(signed: Signed) -> None:
    patient = signed.role is Role.PATIENT
    require(signed, Permission.CHANGE_OWN_PATIENT if patient else Permission.CHANGE_OWN_DOCTOR)
