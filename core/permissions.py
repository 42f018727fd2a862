"""Who may do what: the one table, asked at each use and never in a handler (SECURITY.md Authorisation)."""

from enum import StrEnum
from typing import Final

from core.account import AccountState
from core.audit import Action, Audit
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import Role


class Permission(StrEnum):
    """What a role may be allowed."""

    SEE_OWN_ACCOUNT = "account.see_own"
    END_OWN_SESSION = "session.end_own"
    GIVE_OWN_CONSENT = "consent.give_own"
    MANAGE_ACCOUNTS = "account.manage"


_OWN: Final = frozenset({Permission.SEE_OWN_ACCOUNT, Permission.END_OWN_SESSION, Permission.GIVE_OWN_CONSENT})
TABLE: Final[dict[Role, frozenset[Permission]]] = {
    Role.PATIENT: _OWN,
    Role.DOCTOR: _OWN,
    Role.ADMIN: _OWN | {Permission.MANAGE_ACCOUNTS},
    Role.EXPERT: frozenset(),  # reserved: cannot log in anywhere yet (CONTRACT.md 1)
}


def may(signed: Signed | None, permission: Permission) -> bool:
    """Whether who is acting may do this; nobody signed in, a lapsed login and a closed account may nothing."""
    if signed is None or signed.lapsed or signed.state is not AccountState.ACTIVE:
        return False
    return permission in TABLE[signed.role]


class Permissions:
    """Asks the table, and writes down who tried what they may not."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def check(self, uow: UnitOfWork, signed: Signed | None, permission: Permission) -> bool:
        """As `may`; a refusal is an entry of the audit (REVIEW.md Audit), so commit before answering Forbidden."""
        if may(signed, permission):
            return True
        actor = signed.pseudonym if signed else None
        await self._audit.append(uow, Action.REFUSED, actor=actor, reasons=[permission.value])
        return False
