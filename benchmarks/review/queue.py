"""A queue of many certificates against one of few: opening a page of it, opening and releasing a certificate."""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, text

from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.sessions import Signed
from core.settings import Clinic, Passwords, Secrets, Settings, Storage
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from storage.database import Database
from storage.tables.accounts import accounts
from storage.tables.submissions import submission_files, submissions

_BATCH: Final = 5000
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass
class Queue:
    """A database with so many certificates that wait, and an admin."""

    size: int
    core: Core
    database: Database
    admin: Signed

    async def page(self) -> None:
        """Reads a page somewhere in the queue."""
        after = (_START + timedelta(seconds=random.randrange(self.size)), 0)
        async with self.database.read() as conn:
            queue = await self.core.dossiers.queue(_unit(conn), self.admin, after)
        assert queue.lines

    async def claim(self) -> None:
        """Opens one, with its flags and history, and lets it go."""
        number = _number(random.randrange(1, self.size + 1))
        async with self.database.write() as conn:
            await self.core.dossiers.open(_unit(conn), self.admin, number)
        async with self.database.write() as conn:
            await self.core.reviews.release(_unit(conn), self.admin, number)


@asynccontextmanager
async def queue_of(size: int, url: str, folder: Path) -> AsyncIterator[Queue]:
    """A queue of that length in an empty database."""
    secrets = Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES})
    clinic = Clinic(name="Benchmark", contact="-", privacy_url="https://clinic.example/privacy")
    storage = Storage(photos_url=str(folder))
    settings = Settings(clinic=clinic, storage=storage, passwords=Passwords(bcrypt_cost=4))
    core, database = Core(settings, secrets), Database(url)
    try:
        await database.upgrade()
        await _fill(database, size)
        hashed = await core.passwords.hash(Password.parse("benchmark admin"))
        async with database.write() as conn:
            uow = _unit(conn)
            name, phone = PersonName.parse("Admin"), Phone.parse("13900000000")
            admin = await core.accounts.create_admin(uow, phone=phone, name=name, password_hash=hashed)
            signed = await core.sessions.open_in_bot(uow, admin, 1)
        yield Queue(size, core, database, signed)
    finally:
        await database.dispose()
        core.close()


async def timed(act: Callable[[], Awaitable[None]], times: int) -> list[float]:
    """How many milliseconds each of so many took."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await act()
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _unit(conn: Any) -> UnitOfWork:
    return UnitOfWork(conn, datetime.now(UTC), Channel.BOT)


def _number(of: int) -> str:
    """The number of the certificate of that place: six digits of base 32."""
    return "C-" + "".join(_DIGITS[of >> shift & 31] for shift in range(25, -1, -5))


async def _fill(database: Database, size: int) -> None:
    """One doctor each, one photo each; no two look alike."""
    async with database.write() as conn:
        for first in range(1, size + 1, _BATCH):
            numbers = range(first, min(first + _BATCH, size + 1))
            await conn.execute(insert(accounts), [_doctor(number) for number in numbers])
            await conn.execute(insert(submissions), [_submission(number) for number in numbers])
            await conn.execute(insert(submission_files), [_file(number) for number in numbers])
        if database.dialect == "postgresql":
            for table in ("accounts", "submissions"):
                await conn.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {size})"))
            await conn.execute(text("ANALYZE"))


def _doctor(number: int) -> dict[str, Any]:
    common = {"role": "doctor", "state": "active", "name": "王小明", "sex": "undisclosed"}
    times = {"created_at": _START, "updated_at": _START}
    return {"id": number, "phone": str(13_000_000_000 + number), "pseudonym": f"n{number}", **common, **times}


def _submission(number: int) -> dict[str, Any]:
    sent = _START + timedelta(seconds=number)
    times = {"created_at": sent, "updated_at": sent, "queued_at": sent, "compared_at": sent}
    fixed = {"state": "pending", "version": 1, "appeal": False, "name": "王小明"}
    return {"id": number, "number": _number(number), "account_id": number, **fixed, **times}


def _file(number: int) -> dict[str, Any]:
    picture = {"media_type": "image/jpeg", "size": 500_000, "width": 3000, "height": 4000}
    likeness = f"{random.getrandbits(256):064x}"
    own = {"submission_id": number, "sha256": f"{number:064x}", "path": f"certificate/{number}", "likeness": likeness}
    return {"position": 1, **own, **picture}
