"""An intake over a real database, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, text

from bot.intake import Intake
from core.keys import KeyRing, new_key_text
from core.sealing import Sealer
from storage.database import Database
from storage.inbox import Adding
from storage.tables.updates import inbox
from tests.bot.edges.telegram_stub import BOT_ID

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Receiving:
    """An intake, how often it woke the runner, and what lies in the inbox."""

    database: Database
    sealer: Sealer = field(default_factory=lambda: Sealer(KeyRing.parse(new_key_text()), "inbox"))
    woken: int = 0

    def __post_init__(self) -> None:
        self.intake = Intake(sealer=self.sealer, bot_id=BOT_ID, clock=lambda: NOW, receive=self._receive)

    async def _receive(self, add: Adding) -> int:
        async with self.database.write() as conn:
            added = await add(conn)
        self.woken += bool(added)
        return added

    async def stored(self) -> Sequence[Any]:
        """The rows of the inbox in their order of arrival."""
        async with self.database.read() as conn:
            return (await conn.execute(select(inbox).order_by(inbox.c.seq))).all()

    async def ids(self) -> list[int]:
        """The update ids in the inbox in their order of arrival."""
        return [row.update_id for row in await self.stored()]

    async def break_storage(self) -> None:
        """From now on nothing can be stored."""
        async with self.database.write() as conn:
            await conn.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))

    async def mend_storage(self) -> None:
        """What was broken works again."""
        async with self.database.write() as conn:
            await conn.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
