"""Exports that people have asked for and that are not delivered yet."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from storage.tables.base import RowId, UtcDateTime, metadata

export_jobs = Table(
    "export_jobs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("telegram_user_id", BigInteger, nullable=False),  # who asked for it, and in whose chat it is delivered
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("claimed_by", String(64)),
    Column("claimed_until", UtcDateTime),
    Column("message_id", BigInteger),  # the message that shows how far it is
    UniqueConstraint("account_id"),  # one at a time
)
Index("ix_export_jobs_due_at", export_jobs.c.due_at)
