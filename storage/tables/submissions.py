"""Certificates: what doctors sent to be looked at, and the photos of each attempt (REVIEW.md)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from storage.tables.base import RowId, UtcDateTime, metadata, one_of

SUBMISSION_STATES = (
    "pending",
    "in_review",
    "second_review",
    "needs_resubmit",
    "approved",
    "rejected",
    "locked",
    "withdrawn",
    "superseded",
    "expired",
    "revalidate",
    "revoked",
)

# One row an attempt: it changes its state, never what was sent.
submissions = Table(
    "submissions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("number", String(8), nullable=False),  # what people call it: C-7K2M9Q
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("state", one_of("state", *SUBMISSION_STATES), nullable=False),
    Column("version", Integer, nullable=False),  # rises with each change, which is made only on the version seen
    Column("appeal", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("number"),
    sqlite_autoincrement=True,  # the newest attempt is the one with the highest id
)
Index("ix_submissions_account_id_id", submissions.c.account_id, submissions.c.id)
# One attempt of a doctor at a time waits for a decision: of two sent at once, one wins.
_open = submissions.c.state.in_(("pending", "in_review", "second_review"))
Index(
    "uq_submissions_account_id",
    submissions.c.account_id,
    unique=True,
    sqlite_where=_open,
    postgresql_where=_open,
)

submission_files = Table(
    "submission_files",
    metadata,
    Column("submission_id", BigInteger, ForeignKey("submissions.id"), primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),  # 1, 2, … as sent
    Column("sha256", String(64), nullable=False),  # of the bytes as received
    Column("path", String(64)),  # its name in the photo store; null: taken out of it
    Column("media_type", String(16), nullable=False),
    Column("size", Integer, nullable=False),  # bytes of the photo, before it was sealed
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    UniqueConstraint("path"),
)
