"""How many bytes of PostgreSQL's an account takes with all that hangs on it: `python -m benchmarks.paper.sizes`."""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.postgres import postgres_server
from core.audit import Action
from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.profile_values import MedicalHistory
from core.profiles import Field
from core.sessions import Signed
from core.settings import Clinic, Passwords, Secrets, Settings, Storage
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone, Role
from storage.database import Database

_ACCOUNTS: Final = 500
_LOGINS: Final = 3
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


async def _measure(url: str, folder: Path) -> dict[str, float]:
    clinic = Clinic(name="Benchmark", contact="-", privacy_url="https://clinic.example/privacy")
    settings = Settings(clinic=clinic, storage=Storage(photos_url=str(folder)), passwords=Passwords(bcrypt_cost=4))
    core = Core(settings, Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES}))
    database = Database(url)
    try:
        await database.upgrade()
        empty = await _bytes(database)
        signed = [await _patient(core, database, number) for number in range(_ACCOUNTS)]
        made = await _bytes(database)
        for day in range(_LOGINS):
            for who in signed:
                async with database.write() as conn:
                    uow = _unit(conn, day)
                    account = await core.accounts.get(uow, who.account_id)
                    await core.sessions.open_in_bot(uow, account, who.account_id)
                    await core.audit.append(uow, Action.LOG_IN, actor=account.pseudonym, subject=account.pseudonym)
            async with database.write() as conn:
                while await core.audit.seal(_unit(conn, day)):
                    pass
        logged_in = await _bytes(database)
    finally:
        await database.dispose()
        core.close()
    return {
        "bytes an account": (made - empty) / _ACCOUNTS,
        "bytes a login": (logged_in - made) / _ACCOUNTS / _LOGINS,
    }


async def _patient(core: Core, database: Database, number: int) -> Signed:
    """With a profile, a medical history of 400 characters, their consents and a login."""
    hashed = await core.passwords.hash(Password.parse("benchmark patient"))
    async with database.write() as conn:
        uow = _unit(conn)
        account = await core.accounts.register_by_phone(
            uow,
            role=Role.PATIENT,
            phone=Phone.parse(f"138{number:08}"),
            phone_verified=True,
            name=PersonName.parse("王小明"),
            password_hash=hashed,
            telegram_user_id=number + 1,
        )
        signed = await core.sessions.open_in_bot(uow, account, number + 1)
    changes: dict[Field, Any] = {Field.MEDICAL_HISTORY: MedicalHistory.parse("上周起咳嗽。" * 66)}
    async with database.write() as conn:
        await core.profiles.change(UnitOfWork(conn, _NOW, Channel.HTTP), signed, Role.PATIENT, changes)
    return signed


def _unit(conn: AsyncConnection, day: int = 0) -> UnitOfWork:
    return UnitOfWork(conn, _NOW + timedelta(days=day), Channel.BOT)


async def _bytes(database: Database) -> int:
    async with database.read() as conn:
        return int((await conn.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())


def main() -> None:
    """Prints what each takes, tables and indexes together."""
    with postgres_server() as server, tempfile.TemporaryDirectory() as folder:
        assert server is not None
        url = asyncio.run(server.create())
        for what, size in asyncio.run(_measure(url, Path(folder))).items():
            print(f"{what}: {size:.0f}")


if __name__ == "__main__":
    main()
