"""What a database would do by itself sometime during a measurement, done before it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def settle(url: str) -> None:
    """Moves SQLite's WAL into the file; has PostgreSQL clean up, look at its tables, and write all to disk."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    sqlite = engine.dialect.name == "sqlite"
    async with engine.connect() as conn:
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)",) if sqlite else ("VACUUM ANALYZE", "CHECKPOINT"):
            await conn.execute(text(statement))
    await engine.dispose()
