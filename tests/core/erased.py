"""People to be erased, and all that is kept of them, for stories about erasing."""

from io import BytesIO
from typing import Any, Final

from sqlalchemy import select, update

from core.account import Account
from core.core import Core
from core.jobs.scheduler import Scheduler
from core.jobs.standing import standing
from core.photo_arrivals import arriving
from core.photos import PhotoKind, new_name
from core.profiles import PARSERS, Field
from core.review_states import State
from core.sessions import Signed
from core.unit import Channel
from core.values import Phone
from storage.tables import metadata
from storage.tables.submissions import submissions
from tests.conftest import Desk, SetClock
from tests.core.test_login import LI
from tests.pictures import jpeg

OTHER: Final = Phone("13912345678")
TOLD: Final[dict[str, dict[Field, str]]] = {
    "patient": {
        Field.NAME: "MARK-name",
        Field.BIRTH_DATE: "1971-02-03",
        Field.ADDRESS: "MARK-address",
        Field.MEDICAL_HISTORY: "MARK-history",
        Field.AVATAR_URL: "https://example.com/MARK-avatar",
    },
    "doctor": {
        Field.NAME: "MARK-name",
        Field.EMAIL: "MARK-email@example.com",
        Field.INTERNAL_ID: "MARK-internal",
        Field.SPECIALITY: "MARK-speciality",
        Field.CLINIC: "MARK-clinic",
        Field.FIXED_PHONE: "010-87654321",
        Field.WECHAT: "MARK-wechat",
        Field.INTRO: "MARK-intro",
        Field.SCHOOL: "MARK-school",
        Field.MAJOR: "MARK-major",
    },
}


async def opened(core: Core, desk: Desk, account: Account, person: int = LI) -> Signed:
    """A login of this Telegram user."""
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, account, person)


async def tell_all(core: Core, desk: Desk, signed: Signed) -> None:
    """Fills every field with what can be found again."""
    async with desk.write(Channel.HTTP) as uow:
        changes = {field: PARSERS[field](text) for field, text in TOLD[signed.role].items()}
        await core.profiles.change(uow, signed, signed.role, changes)


async def send_certificate(core: Core, desk: Desk, signed: Signed, text: str = "MARK") -> str:
    """Sends one through the front door; its number."""
    photo = await core.photos.take(BytesIO(jpeg(comment=text.encode())))
    async with arriving(core.photos, desk.write, new_name(PhotoKind.CERTIFICATE), photo) as stored, desk.write() as uow:
        return (await core.certificates.submit(uow, signed, [stored])).number


async def decide(desk: Desk, number: str, state: State) -> None:
    """What admins did."""
    async with desk.write() as uow:
        changed = update(submissions).where(submissions.c.number == number)
        await uow.conn.execute(changed.values(state=state.value, version=submissions.c.version + 1))


async def erase(core: Core, desk: Desk, signed: Signed) -> None:
    async with desk.write() as uow:
        await core.erasing.erase(uow, signed)


async def rows(desk: Desk, table: Any) -> list[Any]:
    async with desk.read() as uow:
        return list((await uow.conn.execute(select(table))).mappings())


async def everything(desk: Desk) -> str:
    """All that all tables hold, as text."""
    return "\n".join([f"{name}: {row}" for name, table in metadata.tables.items() for row in await rows(desk, table)])


async def run_jobs(core: Core, desk: Desk, clock: SetClock) -> None:
    await Scheduler(desk.database, standing(core), clock=clock, holder="test").run_due()
