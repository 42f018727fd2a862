"""`python -m benchmarks.accounts`: a step with few and with many accounts, everybody logged in, in alternating rounds.

`… fill COUNT`, a process of its own with the bot's settings, adds so many: those of benchmarks/http, each with a login
over HTTP and one in a chat. The people who chat have theirs from all over them.
"""

import asyncio
import sys
from typing import Annotated, Final

import typer
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks import pairs
from benchmarks.http import population
from benchmarks.people import FIRST_PERSON
from core.clock import utc_now
from core.core import Core
from core.unit import Channel, UnitOfWork
from storage.tables.accounts import account_chats, accounts, sessions

_AWAY: Final = 5_000_000_000  # the chats of those who do not come: this and the account's number


def main(
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Of the rush, and of the gentle part, of a round.")] = 8.0,
    many: Annotated[int, typer.Option(min=1001, help="Accounts in the large databases.")] = 1_000_000,
) -> None:
    """Measure a step of people who are logged in among 1,000 and among a million accounts."""
    much = pairs.Much("accounts", (1000, many), "benchmarks.accounts", walk="known", once=True)
    raise typer.Exit(pairs.run(much, count, seconds, "benchmark-accounts"))


async def _fill(count: int) -> None:
    await population.fill(count)
    async with population.opened() as (core, database), database.write() as conn:
        await _add_chats(conn)
        await _log_in(core, conn, [1 + number * (count // pairs.PEOPLE) for number in range(pairs.PEOPLE)])


async def _add_chats(conn: AsyncConnection) -> None:
    now = utc_now().replace(microsecond=0)
    chat = accounts.c.id + _AWAY
    login = population.login(conn, now) | {"channel": "bot", "telegram_user_id": chat}
    await population.add(conn, sessions, accounts, login)
    met = {"account_id": accounts.c.id, "telegram_user_id": chat, "first_login_at": now, "last_login_at": now}
    await population.add(conn, account_chats, accounts, met)


async def _log_in(core: Core, conn: AsyncConnection, numbers: list[int]) -> None:
    """Those who chat, from the chats that the benchmark's people have."""
    away = [_AWAY + number for number in numbers]
    for table in (sessions, account_chats):
        await conn.execute(delete(table).where(table.c.telegram_user_id.in_(away)))
    uow = UnitOfWork(conn, utc_now(), Channel.BOT)
    for person, number in enumerate(numbers, start=FIRST_PERSON):
        await core.sessions.open_in_bot(uow, await core.accounts.get(uow, number), person)


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        asyncio.run(_fill(int(sys.argv[2])))
    else:
        typer.run(main)
