"""`python -m benchmarks.dialogs`: a step with few and with many dialogs open in the database, in alternating rounds.

`… fill COUNT`, a process of its own with the bot's settings, opens so many: rows as the bot writes them, sealed.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import astuple, fields
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from benchmarks import pairs
from bot.dialog.draft import Draft
from bot.flows import FLOWS
from bot.sealed import draft_context, seal_json
from core.at_rest import INBOX_PURPOSE
from core.clock import utc_now
from core.sealing import Sealer
from core.settings import load_secrets, load_settings
from storage.chats import ChatRow
from storage.database import Database
from storage.tables.updates import chats

_DIALOGS: Final = pairs.Much("open dialogs", (100, 100_000), "benchmarks.dialogs", walk="register")
_FIRST: Final = 50_000_000  # people who do not come
_ROWS_AT_ONCE: Final = 5_000


def main(
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Of the rush, and of the gentle part, of a round.")] = 8.0,
) -> None:
    """Measure a step while 100 and while 100,000 dialogs are open."""
    raise typer.Exit(pairs.run(_DIALOGS, count, seconds, "benchmark-dialogs"))


async def _fill(count: int) -> None:
    settings = load_settings()
    sealer = Sealer(load_secrets(settings).inbox, INBOX_PURPOSE)
    life = timedelta(hours=settings.dialogs.draft_hours)
    database = Database(settings.storage.database_url)
    names = [one.name for one in fields(ChatRow)]
    try:
        async with database.write() as conn:
            rows = list(_rows(sealer, count, utc_now(), life))
            for start in range(0, count, _ROWS_AT_ONCE):
                values = [dict(zip(names, astuple(row), strict=True)) for row in rows[start : start + _ROWS_AT_ONCE]]
                await conn.execute(chats.insert(), values)
    finally:
        await database.dispose()


def _rows(sealer: Sealer, count: int, now: datetime, life: timedelta) -> Iterator[ChatRow]:
    """As bot/codec.py makes them, each of a person who has answered the first question."""
    register = FLOWS["register"]
    draft = Draft(register.name, register.version, "consent", {"role": "patient"}, touched_at=now)
    for person in range(_FIRST, _FIRST + count):
        yield ChatRow(
            person_id=person,
            language="zh",
            revision=2,
            flow=draft.flow,
            draft_of=None,
            draft=seal_json(sealer, draft.to_json(), draft_context(person)),
            expires_at=now + life,
            message_id=person,
            keyboard=False,
            listed=None,
            secret_until=None,
            pending=None,
            blocked_at=None,
            updated_at=now,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        asyncio.run(_fill(int(sys.argv[2])))
    else:
        typer.run(main)
