"""Accounts and what hangs on them: logins, counters, consents, the audit, and what is still to be told."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.cause import present
from storage.tables.base import RowId, UtcDateTime, metadata, one_of

CHANNELS = ("bot", "http", "cli", "job")

accounts = Table(
    "accounts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("role", one_of("role", "doctor", "patient", "expert", "admin"), nullable=False),
    Column("state", one_of("state", "active", "suspended", "erased"), nullable=False),
    Column("phone", String(11)),
    Column("phone_verified_at", UtcDateTime),
    Column("phone_verified_by", BigInteger),  # the Telegram user who shared it
    Column("email", String(254)),
    Column("email_folded", String(508)),  # casefolding can double the length
    Column("username", String(16)),
    Column("username_folded", String(48)),
    Column("name", String(50), nullable=False),
    Column("password_hash", String(60)),
    Column("password_scheme", String(16)),
    Column("pepper_id", String(32)),
    Column("totp_secret", LargeBinary),  # of the second factor, sealed under the pepper keys
    Column("totp_step", BigInteger),  # the time step of the last code: none is taken twice
    Column("sex", one_of("sex", "male", "female", "undisclosed"), nullable=False),
    Column("birth_date", Date),
    Column("age", SmallInteger),
    Column("pseudonym", String(32), nullable=False),  # names the account in the audit, means nothing elsewhere
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("role", "phone"),
    UniqueConstraint("email_folded"),
    UniqueConstraint("username_folded"),
    UniqueConstraint("pseudonym"),
    sqlite_autoincrement=True,  # an id is never given twice: tokens and audits name it
)
Index("ix_accounts_name", accounts.c.name, accounts.c.id)


def _account(*, nullable: bool = False) -> Column[int]:
    return Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=nullable)


recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("code_hash", String(64), primary_key=True),  # keyed by the account's secret; used up: deleted
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),  # the token's sid
    _account(),
    Column("telegram_user_id", BigInteger),  # null: a login over HTTP
    Column("channel", one_of("channel", *CHANNELS), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),  # whole seconds: the token's iat
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # the current token's exp
    Column("jti", String(32), nullable=False),  # the current token's
    Column("ended_at", UtcDateTime),
    Column("end_reason", String(32)),
)
_living = sessions.c.ended_at.is_(None)
Index("ix_sessions_account_id", sessions.c.account_id)
Index("ix_sessions_created_at", sessions.c.created_at)
# One living login a Telegram user (TOKENS Sessions).
Index(
    "uq_sessions_telegram_user_id",
    sessions.c.telegram_user_id,
    unique=True,
    sqlite_where=_living,
    postgresql_where=_living,
)

rotated_tokens = Table(
    "rotated_tokens",
    metadata,
    Column("jti", String(32), primary_key=True),
    Column("session_id", String(32), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("rotated_at", UtcDateTime, nullable=False),
)
Index("ix_rotated_tokens_session_id", rotated_tokens.c.session_id)

account_chats = Table(
    "account_chats",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("telegram_user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_login_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),  # logged out there: known, but nothing is pushed
)

counters = Table(
    "counters",
    metadata,
    Column("key", String(64), primary_key=True),  # keyed hash of what is counted: no phone lies here readable
    Column("count", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_counters_expires_at", counters.c.expires_at)

consents = Table(
    "consents",
    metadata,
    Column("id", RowId, primary_key=True),
    _account(),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", one_of("channel", *CHANNELS), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)
_standing = consents.c.withdrawn_at.is_(None)
Index(
    "uq_consents_account_id_kind_version",
    consents.c.account_id,
    consents.c.kind,
    consents.c.version,
    unique=True,
    sqlite_where=_standing,
    postgresql_where=_standing,
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(32)),  # a pseudonym; null: nobody signed in, or the program itself
    Column("action", String(48), nullable=False),
    Column("subject", String(64)),  # a pseudonym, or the number of a submission
    Column("from_state", String(24)),
    Column("to_state", String(24)),
    Column("reasons", String(255)),
    Column("file_hashes", Text),
    Column("version", Integer),
    Column("channel", one_of("channel", *CHANNELS), nullable=False),
    Column("note_mac", String(128)),
    Column("number", BigInteger),  # given by the sealer, with the mac
    Column("mac", String(128)),
    UniqueConstraint("number"),
    sqlite_autoincrement=True,
)
_unsealed = audit.c.number.is_(None)
Index("ix_audit_unsealed", audit.c.id, sqlite_where=_unsealed, postgresql_where=_unsealed)
Index("ix_audit_subject", audit.c.subject)

notes = Table(
    "notes",
    metadata,
    Column("audit_id", BigInteger, ForeignKey("audit.id"), primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),  # sealed under the health keys; the audit entry has its HMAC
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("telegram_user_id", BigInteger, nullable=False),
    _account(nullable=True),
    Column("kind", String(32), nullable=False),
    Column("params", JSON, nullable=False),  # never personal data
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("claimed_until", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("dead_at", UtcDateTime),
    Column("error", Text),
    Column("cause", BigInteger, default=present),  # the id of the update that it came of
)
Index("ix_outbox_account_id", outbox.c.account_id)
_to_send = outbox.c.sent_at.is_(None) & outbox.c.dead_at.is_(None)
Index("ix_outbox_due_at", outbox.c.due_at, sqlite_where=_to_send, postgresql_where=_to_send)

# What an account was told: read again by its owner, and at the next login what reached nobody.
news = Table(
    "news",
    metadata,
    Column("id", RowId, primary_key=True),
    _account(),
    Column("kind", String(32), nullable=False),
    Column("params", JSON, nullable=False),  # never personal data
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_in", BigInteger),  # the chat where it was done, which knows
    Column("read_at", UtcDateTime),  # shown to its owner at a login, or in the list
)
Index("ix_news_account_id", news.c.account_id)

leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
