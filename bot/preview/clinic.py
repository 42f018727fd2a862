"""A clinic of its own with people in it, in a folder: what the screens that ask core are made from."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.catalogue import catalogue_of
from bot.commands import COMMANDS
from bot.desk import Desk
from bot.dialog.engine import Engine
from bot.files import Files
from bot.flows import FLOWS
from bot.preview.people import person
from bot.preview.samples import NOW, PHONE, SECRET, TYPED
from bot.texts import Catalogue
from core.account import Account
from core.consents import ConsentKind
from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.notes import Note
from core.notices import NoticeKind
from core.profiles import PARSERS, WRITABLE, Field
from core.sessions import Signed
from core.settings import Clinic, Passwords, Secrets, Settings, Storage
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone, Role
from storage.database import Database
from storage.opening import opened_for_bot

CLINIC: Final = Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy")
_NEW_PHONE: Final = 201


class NoTelegram:
    """Stands where Telegram would: the screens are made without it."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Nothing is asked of it."""
        raise NotImplementedError

    async def download(self, file_path: str) -> bytes:
        """Nothing is fetched from it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SampleClinic:
    """Everything the bot is made of but Telegram; the people of `bot.preview.people` are logged in."""

    core: Core
    database: Database
    desk: Desk
    catalogue: Catalogue
    files: Files


def desk_of(catalogue: Catalogue) -> Desk:
    """The desk of a bot with every command and dialog."""
    engine = Engine(timedelta(minutes=15), catalogue.labels)
    return Desk(engine=engine, catalogue=catalogue, commands=COMMANDS, flows=FLOWS, username="clinic_bot")


@asynccontextmanager
async def sample_clinic(folder: Path) -> AsyncIterator[SampleClinic]:
    """Makes it in an empty folder. Raises StorageError."""
    settings = Settings(
        clinic=CLINIC,
        storage=Storage(database_url=f"sqlite+aiosqlite:///{folder / 'clinic.db'}", photos_url=str(folder / "photos")),
        passwords=Passwords(bcrypt_cost=4),
    )
    core = Core(settings, Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES}))
    catalogue = catalogue_of(settings)
    try:
        async with opened_for_bot(settings.storage.database_url) as database:
            async with database.write() as conn:
                await _fill(core, UnitOfWork(conn, NOW - timedelta(days=1), Channel.BOT))
            yield SampleClinic(core, database, desk_of(catalogue), catalogue, Files(NoTelegram()))
    finally:
        core.close()


async def _fill(core: Core, uow: UnitOfWork) -> None:
    patient, doctor = await _register(core, uow, "patient"), await _register(core, uow, "doctor")
    hashed = await core.passwords.hash(Password.parse(SECRET))
    who = person("admin")
    assert who.signed is not None
    admin = await core.accounts.create_admin(
        uow, phone=Phone.parse(PHONE), name=PersonName.parse(who.signed.name), password_hash=hashed
    )
    chief = await _log_in(core, uow, admin, "admin")
    for account, audience in ((patient, "patient"), (doctor, "doctor")):
        await _tell_of_oneself(core, uow, await _log_in(core, uow, account, audience))
    await core.sessions.open_in_bot(uow, patient, _NEW_PHONE)
    await core.sessions.open_over_http(uow, patient)
    await core.notices.tell(uow, patient.id, NoticeKind.LOGIN_NEW_CHAT, but=_NEW_PHONE)
    other = await core.accounts.register_by_phone(
        uow,
        role=Role.PATIENT,
        phone=Phone.parse("13912345678"),
        phone_verified=False,
        name=PersonName.parse("王大明"),
        password_hash=hashed,
    )
    await core.accounts.suspend(uow, other.id, by=chief, note=Note.parse(TYPED["note"]))


async def _register(core: Core, uow: UnitOfWork, audience: str) -> Account:
    who = person(audience)
    assert who.signed is not None
    account = await core.accounts.register_by_phone(
        uow,
        role=who.signed.role,
        phone=Phone.parse(PHONE),
        phone_verified=True,
        name=PersonName.parse(who.signed.name),
        password_hash=await core.passwords.hash(Password.parse(SECRET)),
        telegram_user_id=who.id,
    )
    await core.consents.give(uow, account.id, ConsentKind.PRIVACY)
    return account


async def _log_in(core: Core, uow: UnitOfWork, account: Account, audience: str) -> Signed:
    return await core.sessions.open_in_bot(uow, account, person(audience).id)


async def _tell_of_oneself(core: Core, uow: UnitOfWork, signed: Signed) -> None:
    """Every field that has a sample answer."""
    if Field.MEDICAL_HISTORY in WRITABLE[signed.role]:
        await core.consents.give(uow, signed.account_id, ConsentKind.HEALTH)
    told: dict[Field, Any] = {
        field: PARSERS[field](TYPED[field])
        for field in WRITABLE[signed.role]
        if field in PARSERS and field in TYPED and field not in (Field.NAME, Field.EMAIL)
    }
    await core.profiles.change(uow, signed, signed.role, told)
