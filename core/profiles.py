"""What people tell of themselves: who may write which field, and what a field's value must be (CONTRACT.md 1, 3.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn

from sqlalchemy.exc import IntegrityError

from core.accounts import Accounts
from core.audit import Action, Audit
from core.avatars import remove_avatar_photo
from core.certificates import Certificates
from core.consents import ConsentKind, Consents
from core.errors import AccountError, Forbidden, InvalidValue, NotFound
from core.permissions import Permission, require
from core.places import MAX_ID
from core.profile_values import (
    Address,
    AvatarUrl,
    ClinicName,
    FixedPhone,
    InternalId,
    Intro,
    Major,
    MedicalHistory,
    PositionRank,
    School,
    Speciality,
    WeChat,
)
from core.sealing import Sealer
from core.sessions import Signed
from core.unit import Channel, UnitOfWork
from core.values import Age, BirthDate, Email, PersonName, Phone, Role, Sex, TextValue, Username
from storage import accounts as account_store
from storage import profiles as store
from storage.errors import violated
from storage.tables.base import AnyRow

TAKEN: Final = {
    "uq_profiles_hospital_id_internal_id": "internal_id",
    "uq_profiles_wechat_folded": "wechat",
    "uq_accounts_email_folded": "email",
}


class Field(StrEnum):
    """A field that its owner may write, by its internal name."""

    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    EMAIL = "email"
    AVATAR_URL = "avatar_url"
    ADDRESS = "address"
    MEDICAL_HISTORY = "medical_history"
    HOSPITAL = "hospital_id"
    DEPARTMENT = "department_id"
    INTERNAL_ID = "internal_id"
    POSITION_RANK = "position_rank"
    SPECIALITY = "speciality"
    CLINIC = "clinic"
    FIXED_PHONE = "fixed_phone"
    WECHAT = "wechat"
    INTRO = "intro"
    SCHOOL = "school"
    MAJOR = "major"


_BOTH: Final = frozenset({Field.NAME, Field.SEX, Field.BIRTH_DATE, Field.AVATAR_URL})
WRITABLE: Final[Mapping[Role, frozenset[Field]]] = {
    Role.PATIENT: _BOTH | {Field.ADDRESS, Field.MEDICAL_HISTORY},
    Role.DOCTOR: frozenset(Field) - {Field.ADDRESS, Field.MEDICAL_HISTORY},
    Role.ADMIN: frozenset(),
    Role.EXPERT: frozenset(),
}
PARSERS: Final[Mapping[Field, Callable[[str], Any]]] = {
    Field.NAME: PersonName.parse,
    Field.SEX: Sex.parse,
    Field.BIRTH_DATE: BirthDate.parse,
    Field.EMAIL: Email.parse,
    Field.AVATAR_URL: AvatarUrl.parse,
    Field.ADDRESS: Address.parse,
    Field.MEDICAL_HISTORY: MedicalHistory.parse,
    Field.INTERNAL_ID: InternalId.parse,
    Field.POSITION_RANK: PositionRank.parse,
    Field.SPECIALITY: Speciality.parse,
    Field.CLINIC: ClinicName.parse,
    Field.FIXED_PHONE: FixedPhone.parse,
    Field.WECHAT: WeChat.parse,
    Field.INTRO: Intro.parse,
    Field.SCHOOL: School.parse,
    Field.MAJOR: Major.parse,
}
"""How each field's text becomes its value; hospitals and departments are chosen by number."""

Changes = Mapping[Field, Any]
"""New values by field, each as its parser gives it (a number for hospital and department); None erases."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account's owner has told, beside what Account holds. The medical history is asked for by itself."""

    avatar_url: str | None = None
    avatar_photo: str | None = None
    address: str | None = None
    hospital_id: int | None = None
    department_id: int | None = None
    internal_id: str | None = None
    position_rank: PositionRank | None = None
    speciality: str | None = None
    clinic: str | None = None
    fixed_phone: str | None = None
    wechat: str | None = None
    intro: str | None = None
    school: str | None = None
    major: str | None = None
    has_medical_history: bool = False


class Profiles:
    """Reads and writes one's own profile."""

    def __init__(
        self, *, accounts: Accounts, certificates: Certificates, consents: Consents, audit: Audit, sealer: Sealer
    ) -> None:
        """`sealer` seals medical histories."""
        self._accounts = accounts
        self._certificates = certificates
        self._consents = consents
        self._audit = audit
        self._sealer = sealer

    async def own(self, uow: UnitOfWork, signed: Signed) -> Profile:
        """The profile of who is acting, without the medical history. Raises Forbidden."""
        require(signed, Permission.SEE_OWN_ACCOUNT)
        return _profile(await store.get(uow.conn, signed.account_id))

    async def of_doctor(self, uow: UnitOfWork, account_id: int) -> Profile:
        """A doctor's profile for who reviews their certificate, whose right the review has asked for (REVIEW.md)."""
        return _profile(await store.get(uow.conn, account_id))

    async def own_with_history(self, uow: UnitOfWork, signed: Signed) -> tuple[Profile, str | None]:
        """The profile and the medical history of the patient who is acting, of one moment. Raises Forbidden."""
        require(signed, Permission.SEE_OWN_PATIENT)
        row = await store.get(uow.conn, signed.account_id)
        return _profile(row), self._history(signed, row)

    async def medical_history(self, uow: UnitOfWork, signed: Signed) -> str | None:
        """The medical history of the patient who is acting: nobody else ever reads it (CONTRACT.md 1)."""
        require(signed, Permission.SEE_OWN_PATIENT)
        return self._history(signed, await store.get(uow.conn, signed.account_id))

    def _history(self, signed: Signed, row: AnyRow | None) -> str | None:
        if row is None or row.medical_history is None:
            return None
        return self._sealer.open(row.medical_history, history_context(signed.account_id)).decode()

    async def check_own_phone(self, uow: UnitOfWork, signed: Signed, phone: Phone | None) -> None:
        """A write that names the login phone must name the present one, None where there is none (CONTRACT.md 3.5).

        Raises Forbidden for another phone, InvalidValue where one is needed.
        """
        account = await self._accounts.me(uow, signed)
        if phone is None and account.phone is not None:
            raise InvalidValue("phone.empty", field="phone")
        if phone is not None and account.phone != phone.value:
            raise Forbidden("account.change_phone", signed.pseudonym, "phone.not_here")

    async def change(self, uow: UnitOfWork, signed: Signed, role: Role, changes: Changes) -> None:
        """Writes the given fields of who is acting; the others stay as they are (CONTRACT.md 3.6).

        `role` says whose record is meant, a patient's or a doctor's: an account of another role is refused,
        whatever its number (CONTRACT.md 3.7). Raises Forbidden (role, field), InvalidValue (birth date),
        NotFound (hospital, department), AccountError (`<field>.taken`, `<field>.needed`,
        `medical_history.needs_consent`), Unauthenticated (the account was erased meanwhile).
        """
        patient = role is Role.PATIENT
        require(signed, Permission.CHANGE_OWN_PATIENT if patient else Permission.CHANGE_OWN_DOCTOR)
        if not changes.keys() <= WRITABLE[role]:
            raise Forbidden("profile.field", signed.pseudonym)
        await self._accounts.lock_own(uow, signed)
        await self._check(uow, signed, changes)
        columns = {name: value for field, value in changes.items() for name, value in columns_of(field, value)}
        if Field.MEDICAL_HISTORY in changes:
            columns[Field.MEDICAL_HISTORY] = await self._sealed_history(uow, signed, changes[Field.MEDICAL_HISTORY])
        if columns.get("avatar_url") is not None:
            await remove_avatar_photo(uow, signed.account_id)
            columns["avatar_photo"] = None  # the address takes its place; to erase an address leaves a photo alone
        of_account = {name: columns.pop(name) for name in _ACCOUNT_COLUMNS & columns.keys()}
        try:
            await account_store.change(uow.conn, signed.account_id, uow.now, of_account)
            if columns:
                await store.save(uow.conn, signed.account_id, columns)
        except IntegrityError as error:
            _raise_taken(error)
        await self._audit.append(
            uow,
            Action.CHANGE_PROFILE,
            actor=signed.pseudonym,
            subject=signed.pseudonym,
            reasons=sorted(field.value for field in changes),
        )
        if role is Role.DOCTOR and Field.NAME in changes:
            await self._certificates.name_changed(uow, signed, changes[Field.NAME].value)

    async def _check(self, uow: UnitOfWork, signed: Signed, changes: Changes) -> None:
        if Field.NAME in changes and changes[Field.NAME] is None:
            raise AccountError("name.needed", field="name")
        if Field.EMAIL in changes and changes[Field.EMAIL] is None:
            account = await self._accounts.me(uow, signed)
            if account.phone is None:  # it is what they log in with
                raise AccountError("email.needed", field="email")
        if (birth_date := changes.get(Field.BIRTH_DATE)) is not None:
            await self._accounts.check_birth_date(uow, birth_date)
        for field, exists, code in (
            (Field.HOSPITAL, store.hospital_exists, "hospital.unknown"),
            (Field.DEPARTMENT, store.department_exists, "department.unknown"),
        ):
            number = changes.get(field)
            if number is not None and not (1 <= number <= MAX_ID and await exists(uow.conn, number)):
                raise NotFound(code, field=field.value)

    async def _sealed_history(self, uow: UnitOfWork, signed: Signed, history: MedicalHistory | None) -> bytes | None:
        if history is None:
            return None
        if uow.channel is Channel.HTTP:  # there the sending itself is the consent (CONTRACT.md 1)
            await self._consents.give(uow, signed.account_id, ConsentKind.HEALTH)
        elif not await self._consents.has(uow, signed.account_id, ConsentKind.HEALTH):
            raise AccountError("medical_history.needs_consent", field="medical_history")
        return self.seal(signed.account_id, history)

    def seal(self, account_id: int, history: MedicalHistory) -> bytes:
        """A medical history as it lies in its account's row. Whether it may lie there is for the caller to ask."""
        return self._sealer.seal(history.value.encode(), history_context(account_id))


_ACCOUNT_COLUMNS: Final = frozenset({"name", "sex", "birth_date", "email", "email_folded"})


def columns_of(field: str, value: Any) -> list[tuple[str, Any]]:
    """The columns that hold a field's value, as its parser gives it or None."""
    if field == Field.SEX:
        return [("sex", (value or Sex.UNDISCLOSED).value)]  # erased: no longer told
    if isinstance(value, Email | Username | WeChat) or (value is None and field in {Field.EMAIL, Field.WECHAT}):
        return [(str(field), value and value.value), (f"{field}_folded", value and value.folded)]
    if isinstance(value, TextValue | BirthDate | Age | PositionRank):
        return [(str(field), value.value)]
    return [(str(field), value)]


def _profile(row: AnyRow | None) -> Profile:
    if row is None:
        return Profile()
    rank = PositionRank(row.position_rank) if row.position_rank else None
    names = [name for name in Profile.__slots__ if name not in {"position_rank", "has_medical_history"}]
    return Profile(
        position_rank=rank,
        has_medical_history=row.medical_history is not None,
        **{name: getattr(row, name) for name in names},
    )


def history_context(account_id: int) -> bytes:
    """Where an account's medical history lies."""
    return b"profiles/medical_history/%d" % account_id


def _raise_taken(error: IntegrityError) -> NoReturn:
    field = TAKEN.get(violated(error) or "")
    if field is None:
        raise error
    raise AccountError(f"{field}.taken", field=field) from None
