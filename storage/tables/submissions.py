"""Certificates: what doctors sent to be looked at, the photos of each attempt, what was decided (REVIEW.md)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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
OUTCOMES = (
    "approved",
    "needs_resubmit",
    "rejected",
    "proposed",  # with four eyes: approval, or by its reasons a rejection
    "sent_back",
    "confirmed",  # still approved, under the present name
    "revoked",
    "undone",
    "reopened",
    "unlocked",
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
    Column("updated_at", UtcDateTime, nullable=False),  # since when it is in its state
    Column("name", String(50)),  # the doctor's, as it was when this was sent or confirmed
    Column("queued_at", UtcDateTime),  # since when admins have it to look at; null: they have not
    Column("claimed_by", BigInteger, ForeignKey("accounts.id")),
    Column("claimed_until", UtcDateTime),
    Column("decided_by", BigInteger, ForeignKey("accounts.id")),  # who decided last, and when
    Column("decided_at", UtcDateTime),
    Column("not_by", BigInteger, ForeignKey("accounts.id")),  # who refused what this appeals against
    Column("appeal_message", LargeBinary),  # sealed under the health keys
    Column("valid_until", Date),
    Column("keep_until", UtcDateTime),  # then its photos go; null: not yet known
    Column("compared_at", UtcDateTime),  # with all others, for look-alikes
    Column("doctor_reminded", SmallInteger, nullable=False, server_default="0"),  # so often, of its present state
    Column("admins_reminded", SmallInteger, nullable=False, server_default="0"),
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

_queued = submissions.c.queued_at.is_not(None)
Index(
    "ix_submissions_queued_at",
    submissions.c.queued_at,
    submissions.c.id,
    sqlite_where=_queued,
    postgresql_where=_queued,
)
# What timers look for.
_kept = submissions.c.keep_until.is_not(None)
Index("ix_submissions_keep_until", submissions.c.keep_until, sqlite_where=_kept, postgresql_where=_kept)
_moving = submissions.c.state.in_(("needs_resubmit", "approved", "revalidate", "locked"))
Index("ix_submissions_state", submissions.c.state, submissions.c.id, sqlite_where=_moving, postgresql_where=_moving)
_uncompared = submissions.c.compared_at.is_(None)
Index("ix_submissions_compared_at", submissions.c.id, sqlite_where=_uncompared, postgresql_where=_uncompared)

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
    Column("likeness", String(64)),  # a 256-bit difference hash, hex; null: sent before there were any
    UniqueConstraint("path"),
)
Index("ix_submission_files_sha256", submission_files.c.sha256)

# What was decided, once for each decision; never changed, but its message goes with the account.
decisions = Table(
    "decisions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("submission_id", BigInteger, ForeignKey("submissions.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("admin_id", BigInteger, ForeignKey("accounts.id")),  # null: the program itself
    Column("outcome", one_of("outcome", *OUTCOMES), nullable=False),
    Column("reasons", String(80)),  # codes
    Column("message", LargeBinary),  # to the doctor; sealed under the health keys
    Column("valid_until", Date),
    Column("audit_id", BigInteger, ForeignKey("audit.id"), nullable=False),  # by it the note for colleagues is found
)
Index("ix_decisions_submission_id", decisions.c.submission_id, decisions.c.id)

# Photos of different accounts that look the same; each pair once, the newer attempt first.
look_alikes = Table(
    "look_alikes",
    metadata,
    Column("submission_id", BigInteger, ForeignKey("submissions.id"), primary_key=True, autoincrement=False),
    Column("other_id", BigInteger, ForeignKey("submissions.id"), primary_key=True, autoincrement=False),
)
Index("ix_look_alikes_other_id", look_alikes.c.other_id)

# The bot's messages that show an attempt to an admin: images go, cards are edited (REVIEW.md Retention).
shown_messages = Table(
    "shown_messages",
    metadata,
    Column("telegram_user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("submission_id", BigInteger, ForeignKey("submissions.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("kind", one_of("kind", "image", "card"), nullable=False),
    Column("shown_at", UtcDateTime, nullable=False),
)
Index("ix_shown_messages_submission_id", shown_messages.c.submission_id)
