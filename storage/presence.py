"""Which bots work on a database: who comes and finds nobody there takes over all that dead ones held."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import chats, exports, inbox, leases, outbox
from storage.database import Database

_PRESENT = 0x636C696E6963 + 1  # PostgreSQL names advisory locks by numbers; one less is that of the migrations


async def enter(database: Database, conn: AsyncConnection) -> None:
    """Makes this process one of those that work on the PostgreSQL database, for as long as this connection lives.

    Who works holds a shared lock, which the server frees at once when its holder dies. When nobody has it, what is
    claimed is free from now on: the ends of the leases need not be waited for. A process that lives and has just lost
    its connection is not seen; with it goes what it would lose at the end of a lease, and it copes likewise.
    """
    if await conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _PRESENT}):
        await free_what_was_held(database)
        await conn.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _PRESENT})
        await conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _PRESENT})
    else:
        await come_back(conn)


async def come_back(conn: AsyncConnection) -> None:
    """The same, on a new connection of a process that has been there all the time: it frees nothing of its own."""
    await conn.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _PRESENT})


async def free_what_was_held(database: Database) -> None:
    """Frees every claim and lease. Only where nobody can be alive who has one."""
    async with database.write() as conn:
        await inbox.free(conn)
        await chats.leave(conn)
        await outbox.free(conn)
        await exports.free(conn)
        await leases.clear(conn)
