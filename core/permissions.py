"""Who may do what: the one table, asked at each use and never in a handler (SECURITY.md Authorisation)."""

from enum import StrEnum
from typing import Final

from core.account import AccountState
from core.audit import Action, Audit
from core.errors import Forbidden
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import Role


class Permission(StrEnum):
    """What a role may be allowed."""

    SEE_OWN_ACCOUNT = "account.see_own"
    END_OWN_SESSION = "session.end_own"
    PROVE_ONESELF = "account.prove_self"
    CHANGE_OWN_PASSWORD = "account.change_own_password"  # noqa: S105 - a permission's name
    CHANGE_OWN_PHONE = "account.change_own_phone"
    GIVE_OWN_CONSENT = "consent.give_own"
    EXPORT_OWN_DATA = "account.export_own"
    ERASE_OWN_ACCOUNT = "account.erase_own"
    SEE_OWN_PATIENT = "patient.see_own"
    CHANGE_OWN_PATIENT = "patient.change_own"
    SEE_OWN_DOCTOR = "doctor.see_own"
    CHANGE_OWN_DOCTOR = "doctor.change_own"
    SEE_OWN_CERTIFICATE = "certificate.see_own"
    SEND_OWN_CERTIFICATE = "certificate.send_own"
    MANAGE_ACCOUNTS = "account.manage"
    REVIEW = "certificate.review"


_OWN: Final = frozenset(
    {
        Permission.SEE_OWN_ACCOUNT,
        Permission.END_OWN_SESSION,
        Permission.PROVE_ONESELF,
        Permission.CHANGE_OWN_PASSWORD,
        Permission.CHANGE_OWN_PHONE,
        Permission.GIVE_OWN_CONSENT,
        Permission.EXPORT_OWN_DATA,
        Permission.ERASE_OWN_ACCOUNT,
    }
)
TABLE: Final[dict[Role, frozenset[Permission]]] = {
    Role.PATIENT: _OWN | {Permission.SEE_OWN_PATIENT, Permission.CHANGE_OWN_PATIENT},
    Role.DOCTOR: _OWN
    | {
        Permission.SEE_OWN_DOCTOR,
        Permission.CHANGE_OWN_DOCTOR,
        Permission.SEE_OWN_CERTIFICATE,
        Permission.SEND_OWN_CERTIFICATE,
    },
    Role.ADMIN: _OWN | {Permission.MANAGE_ACCOUNTS, Permission.REVIEW},
    Role.EXPERT: frozenset(),  # reserved: cannot log in anywhere yet (CONTRACT.md 1)
}


def may(signed: Signed | None, permission: Permission) -> bool:
    """Whether who is acting may do this; nobody signed in, a lapsed login and a closed account may nothing."""
    if signed is None or signed.lapsed or signed.state is not AccountState.ACTIVE:
        return False
    return permission in TABLE[signed.role]


def require(signed: Signed | None, permission: Permission) -> Signed:
    """Who is acting, if they may do this; Forbidden if not. Every use case asks this first."""
    if signed is None or not may(signed, permission):
        raise Forbidden(permission.value, signed.pseudonym if signed else None)
    return signed


class Permissions:
    """Writes down who tried what they may not (REVIEW.md Audit)."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def record(self, uow: UnitOfWork, refused: Forbidden) -> None:
        """An entry about who was refused. In a transaction of its own: the one that was refused is rolled back."""
        who = refused.actor
        await self._audit.append(uow, Action.REFUSED, actor=who, subject=who, reasons=[refused.permission])
