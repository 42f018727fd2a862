"""Requests of people who cannot log in, or whose phone has changed (SECURITY.md The assisted way)."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, UniqueConstraint

from storage.tables.base import RowId, UtcDateTime, metadata, one_of

recovery_requests = Table(
    "recovery_requests",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("telegram_user_id", BigInteger, nullable=False),  # whose chat waits
    Column("account_id", BigInteger, ForeignKey("accounts.id")),  # null: there is none of that name
    Column("purpose", one_of("purpose", "password", "phone"), nullable=False),
    Column("state", one_of("state", "open", "granted", "done", "dropped"), nullable=False),
    Column("number_hash", String(64)),  # keyed; null: granted by a shared contact, nobody needs a number
    Column("phone", String(11)),  # the new one
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("number_hash"),
    sqlite_autoincrement=True,  # an id is never given twice: an admin's dialog names it
)
_active = recovery_requests.c.state.in_(["open", "granted"])
# One at a time for each Telegram user.
Index(
    "uq_recovery_requests_telegram_user_id",
    recovery_requests.c.telegram_user_id,
    unique=True,
    sqlite_where=_active,
    postgresql_where=_active,
)
Index("ix_recovery_requests_account_id", recovery_requests.c.account_id)
