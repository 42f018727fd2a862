"""A line of another service's accounts: from the texts of its columns to values (CONTRACT.md 1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from core.errors import AccountError, InvalidValue
from core.passwords import PasswordHash
from core.places import parse_id
from core.profile_values import MedicalHistory
from core.profiles import PARSERS, WRITABLE, Field, columns_of
from core.values import Age, BirthDate, PersonName, Phone, Role, Username, is_unseen, plain, refusal

COLUMNS: Final[Mapping[str, str]] = {
    "source_id": "source_id",
    "password_hash": "password_hash",
    "role": "role",
    "type": "role",
    "phone": "phone",
    "mobile": "phone",
    "email": "email",
    "username": "username",
    "name": "name",
    "sex": "sex",
    "gender": "sex",
    "birth_date": "birth_date",
    "age": "age",
    "avatar_url": "avatar_url",
    "head_portrait": "avatar_url",
    "address": "address",
    "medical_history": "medical_history",
    "hospital_id": "hospital_id",
    "department_id": "department_id",
    "internal_id": "internal_id",
    "position_rank": "position_rank",
    "speciality": "speciality",
    "specialty": "speciality",
    "clinic": "clinic",
    "fixphonenumber": "fixed_phone",
    "wechat": "wechat",
    "intro": "intro",
    "school": "school",
    "major": "major",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
"""The columns that are taken: each wire name, in every document's spelling, and the field it gives."""

NOT_TAKEN: Final = frozenset({"certificat", "certificat_checked"})
"""Columns that may be there and are passed over: a decision on a certificate is made here, or not at all."""

_ROLES: Final = {
    "0": Role.DOCTOR,
    "doctor": Role.DOCTOR,
    "1": Role.PATIENT,
    "patient": Role.PATIENT,
    "2": Role.EXPERT,
    "expert": Role.EXPERT,
    "3": Role.ADMIN,
    "admin": Role.ADMIN,
}
_OF_ACCOUNT: Final = ("phone", "email", "username", "name", "sex", "birth_date", "age", "created_at", "updated_at")
_OF_EVERYBODY: Final = frozenset({*_OF_ACCOUNT, "role", "source_id", "password_hash"})


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A line whose every value is right in itself. What it means beside others, `Imports` and the database say.

    `account` and `profile` are columns of those tables.
    """

    role: Role
    source_id: str
    password: PasswordHash
    account: Mapping[str, Any] = field(repr=False)
    profile: Mapping[str, Any] = field(repr=False)
    birth_date: BirthDate | None = None
    medical_history: MedicalHistory | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What no other line of its source has."""
        return self.role.value, self.source_id

    @property
    def unique(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What no two accounts may share (CONTRACT.md 1): the field that is taken, and the value."""
        account, profile = self.account, self.profile
        told = [
            ("phone", (self.role.value, account.get("phone"))),
            ("email", (account.get("email_folded"),)),
            ("username", (account.get("username_folded"),)),
            ("wechat", (profile.get("wechat_folded"),)),
            ("internal_id", (profile.get("hospital_id"), profile.get("internal_id"))),
        ]
        return [(name, value) for name, value in told if None not in value]

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """From the texts by column; empty ones count as not given. Raises InvalidValue or AccountError, whose `field`
        is the column as the line spells it.
        """
        values = _values({column: text for column, text in texts.items() if text.strip() and column not in NOT_TAKEN})
        for needed in ("role", "source_id", "password_hash"):
            if needed not in values:
                raise refusal(needed, "empty")
        role = values["role"]
        if role not in {Role.PATIENT, Role.DOCTOR}:  # nothing but `admin create` makes an admin (SECURITY.md Admins)
            raise AccountError("role.not_imported", field="role", role=role.value)
        if foreign := values.keys() - _OF_EVERYBODY - WRITABLE[role]:
            raise AccountError("field.not_of_role", field=min(foreign), role=role.value)
        if not values.keys() & {"phone", "email"}:
            raise AccountError("account.no_login")
        if "name" not in values and "username" not in values:
            raise refusal("name", "empty")
        return cls(
            role=role,
            source_id=values["source_id"],
            password=values["password_hash"],
            account=_account_columns(values),
            profile=_columns(values, WRITABLE[role] - {*_OF_ACCOUNT, Field.MEDICAL_HISTORY}),
            birth_date=values.get("birth_date"),
            medical_history=values.get("medical_history"),
        )


def _values(texts: Mapping[str, str]) -> dict[str, Any]:
    spelled: dict[str, str] = {}
    values: dict[str, Any] = {}
    for column, text in texts.items():
        name = COLUMNS.get(column)
        if name is None:
            raise InvalidValue("column.unknown", field=column)
        if name in values:
            raise InvalidValue("column.twice", field=column, other=spelled[name])
        spelled[name] = column
        try:
            values[name] = _PARSERS[name](text)
        except InvalidValue as error:
            fault = error.code.rpartition(".")[2]
            raise InvalidValue(f"{name}.{fault}", field=column, **error.params) from None
    return values


def _account_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    # An account of S0 has no name of its own (CONTRACT.md 1 name).
    name = values.get("name") or PersonName(values["username"].value)
    named = {**values, "name": name, "sex": values.get("sex")}
    return _columns(named, _OF_ACCOUNT)


def _columns(values: Mapping[str, Any], names: Any) -> dict[str, Any]:
    return {column: value for name in names if name in values for column, value in columns_of(name, values[name])}


def _role(text: str) -> Role:
    role = _ROLES.get(plain(text).casefold())
    if role is None:
        raise refusal("role", "wrong_format")
    return role


def _source_id(text: str) -> str:
    bare = plain(text)
    if len(bare) > 64:
        raise refusal("source_id", "too_long", max=64)
    if any(is_unseen(char) or char.isspace() for char in bare):
        raise refusal("source_id", "wrong_characters")
    return bare


def _moment(text: str) -> datetime:
    """ISO 8601; without a zone it is UTC (CONTRACT.md 1 created_at)."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusal("moment", "wrong_format") from None


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **{field.value: parser for field, parser in PARSERS.items()},
    "role": _role,
    "source_id": _source_id,
    "password_hash": lambda text: PasswordHash.imported(text.strip()),
    "phone": Phone.parse,
    "username": Username.parse,
    "age": Age.parse,
    "hospital_id": parse_id,
    "department_id": parse_id,
    "created_at": _moment,
    "updated_at": _moment,
}
