"""An account as the faces see it, and the numbers by which people name accounts."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from core.errors import AccountError
from core.values import BirthDate, Role, Sex, plain

_LETTERS: Final = {Role.PATIENT: "P", Role.DOCTOR: "D", Role.ADMIN: "A", Role.EXPERT: "E"}
_ROLES: Final = {letter: role for role, letter in _LETTERS.items()}


class AccountState(StrEnum):
    """Only an active account can log in or be acted for (TOKENS T12)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Account:
    """What its owner may see of an account's own row; core.profiles has the rest of their data (CONTRACT.md 1)."""

    id: int
    role: Role
    state: AccountState
    pseudonym: str
    phone: str | None
    phone_verified: bool
    email: str | None
    username: str | None
    name: str
    sex: Sex
    birth_date: date | None
    age: int | None
    second_factor: bool
    created_at: datetime
    updated_at: datetime

    @property
    def number(self) -> str:
        """What people call the account: `P12`, `D7`, `A1` (DIALOGS.md)."""
        return f"{_LETTERS[self.role]}{self.id}"

    @property
    def own_data(self) -> tuple[str, ...]:
        """What its owner's password must not be: phone, name, username, e-mail local part (CONTRACT.md 1)."""
        words = (self.phone, self.name, self.username, (self.email or "").partition("@")[0])
        return tuple(word for word in words if word)

    @classmethod
    def of(cls, row: Any, today: date) -> "Account":
        """From a row of accounts. The age is derived when the birth date is known; `today` is the clinic's."""
        return cls(
            id=row.id,
            role=Role(row.role),
            state=AccountState(row.state),
            pseudonym=row.pseudonym,
            phone=row.phone,
            phone_verified=row.phone_verified_at is not None,
            email=row.email,
            username=row.username,
            name=row.name,
            sex=Sex(row.sex),
            birth_date=row.birth_date,
            age=row.age if row.birth_date is None else BirthDate(row.birth_date).age(today),
            second_factor=row.totp_secret is not None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def parse_number(text: str) -> tuple[Role, int]:
    """Role and id of `P12`: any case or width, and spaces or a hyphen inside are forgiven (DIALOGS.md Commands).

    AccountError `account.is_submission` for the number of a submission, `account.wrong_number` for anything else.
    """
    bare = re.sub(r"[\s-]", "", plain(text)).upper()
    match = re.fullmatch(r"([PDAE])0*([1-9][0-9]{0,17})", bare)
    if not match:
        submission = re.fullmatch("C[0-9A-Z]{6}", bare)
        raise AccountError("account.is_submission" if submission else "account.wrong_number", field="account")
    return _ROLES[match[1]], int(match[2])
