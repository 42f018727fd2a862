"""What the audit holds about one account or submission, for admins (REVIEW.md Audit). Reading it is audited, too."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.account import Account
from core.accounts import Accounts
from core.attempts import Attempts, is_submission
from core.audit import Action, Audit
from core.notes import Notes
from core.permissions import Permission, require
from core.sessions import Signed
from core.unit import Channel, UnitOfWork
from core.values import Role
from storage import accounts as account_store
from storage import audit as store
from storage.tables.base import AnyRow

PAGE: Final = 8  # DIALOGS rule 23


class By(StrEnum):
    """Who did what an entry tells; other accounts than admins' are not named."""

    OWNER = "owner"
    ADMIN = "admin"
    OTHER = "other"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit entry: `admin` is the number of the admin who acted, `note` what they wrote for colleagues."""

    id: int
    at: datetime
    action: Action
    by: By
    admin: str | None
    channel: Channel
    note: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entries, newest first; `older` if there are more.

    `number` is what they are about: an account's, with that account, or a submission's.
    """

    number: str
    account: Account | None
    entries: list[Entry]
    older: bool


class Trail:
    """Reads the audit by what it is about."""

    def __init__(self, accounts: Accounts, attempts: Attempts, audit: Audit, notes: Notes) -> None:
        self._accounts = accounts
        self._attempts = attempts
        self._audit = audit
        self._notes = notes

    async def of(self, uow: UnitOfWork, signed: Signed, number: str, *, before: int | None = None) -> Page:
        """The newest entries about the account or submission of this number, or those older than entry `before`.

        Raises Forbidden, AccountError, NotFound.
        """
        signed = require(signed, Permission.MANAGE_ACCOUNTS)
        if is_submission(number):
            attempt = await self._attempts.find(uow, number)
            owner = await account_store.get(uow.conn, attempt.account_id)
            assert owner is not None  # a foreign key
            return await self._page(uow, signed, attempt.number, self._accounts.of_row(uow, owner), before)
        account = await self._accounts.find_with_erased(uow, number)
        return await self._page(uow, signed, None, account, before)

    async def _page(
        self, uow: UnitOfWork, signed: Signed, submission: str | None, account: Account, before: int | None
    ) -> Page:
        subject = submission or account.pseudonym
        rows = await store.of_subject(uow.conn, subject, before=before, most=PAGE + 1)
        shown = rows[:PAGE]
        actors = await account_store.by_pseudonyms(uow.conn, {row.actor for row in shown if row.actor})
        people = {row.pseudonym: self._accounts.of_row(uow, row) for row in actors}
        notes = await self._notes.of(uow, [row.id for row in shown if row.note_mac])
        entries = [_entry(row, account, people.get(row.actor), notes.get(row.id)) for row in shown]
        await self._audit.append(uow, Action.READ_AUDIT, actor=signed.pseudonym, subject=subject)
        about = None if submission else account
        return Page(submission or account.number, about, entries, older=len(rows) > PAGE)


def by_whom(actor: str | None, account: Account, role: Role | None) -> By:
    """Who an entry's actor is to this account; `role` is what the actor's own account has, where there is one."""
    if actor is None:
        return By.NOBODY
    if actor == account.pseudonym:
        return By.OWNER
    return By.ADMIN if role is Role.ADMIN else By.OTHER


def _entry(row: AnyRow, account: Account, actor: Account | None, note: str | None) -> Entry:
    by = by_whom(row.actor, account, actor.role if actor else None)
    admin = actor.number if actor and by is By.ADMIN else None
    return Entry(row.id, row.at, Action(row.action), by, admin, Channel(row.channel), note)
