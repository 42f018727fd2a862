"""Who has an account here, for admins: found by what is known of them; each look is audited (SECURITY.md Admins)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from core.account import Account, parse_number
from core.accounts import Accounts
from core.audit import Action, Audit
from core.errors import AccountError, InvalidValue
from core.permissions import Permission, require
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import Email, PersonName, Phone, Username
from storage import directory as store

PAGE: Final = 8  # DIALOGS rule 23
_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class Found:
    """A page of accounts, by name; `more` if there is a next one."""

    accounts: list[Account]
    more: bool


class Directory:
    """Finds accounts. Every account that is shown is an audit entry; what was asked for is written nowhere."""

    def __init__(self, accounts: Accounts, audit: Audit) -> None:
        self._accounts = accounts
        self._audit = audit

    async def find(self, uow: UnitOfWork, signed: Signed, who: str, page: int = 0) -> Found:
        """The accounts of this number, phone, e-mail, username or name; if none, those whose name has it in it.

        Raises Forbidden.
        """
        signed = require(signed, Permission.MANAGE_ACCOUNTS)
        name = _parsed(PersonName.parse, who)
        phone, email, username = _parsed(Phone.parse, who), _parsed(Email.parse, who), _parsed(Username.parse, who)
        at = {"start": page * PAGE, "most": PAGE + 1}
        rows = await store.known_as(
            uow.conn,
            number=_parsed(parse_number, who),
            phone=phone.value if phone else None,
            email=email.folded if email else None,
            username=username.folded if username else None,
            name=name.value if name else None,
            **at,
        )
        if not rows and name:
            rows = await store.with_name_part(uow.conn, name.value, **at)
        found = [self._accounts.of_row(uow, row) for row in rows[:PAGE]]
        for account in found:
            await self._audit.append(uow, Action.FIND, actor=signed.pseudonym, subject=account.pseudonym)
        if not found:
            await self._audit.append(uow, Action.FIND, actor=signed.pseudonym)
        return Found(found, more=len(rows) > PAGE)

    async def one(self, uow: UnitOfWork, signed: Signed, number: str) -> Account:
        """The account of a number like `P12`. Raises Forbidden, AccountError."""
        signed = require(signed, Permission.MANAGE_ACCOUNTS)
        account = await self._accounts.find(uow, number)
        await self._audit.append(uow, Action.FIND, actor=signed.pseudonym, subject=account.pseudonym)
        return account


def _parsed(parse: Callable[[str], _Parsed], text: str) -> _Parsed | None:
    """What the text is as a value of this kind; None when it is none."""
    try:
        return parse(text)
    except (InvalidValue, AccountError):
        return None
