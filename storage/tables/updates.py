"""What arrived and what each chat is in the middle of: the durable way of an update."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from storage.tables.base import RowId, UtcDateTime, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("seq", RowId, primary_key=True),
    Column("bot_id", BigInteger, nullable=False),
    Column("update_id", BigInteger, nullable=False),
    Column("person_id", BigInteger),
    Column("payload", LargeBinary),
    Column("received_at", UtcDateTime, nullable=False),
    Column("claimed_by", String(36)),
    Column("claimed_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("done_at", UtcDateTime),
    Column("parked_at", UtcDateTime),
    Column("error", Text),
    UniqueConstraint("bot_id", "update_id"),
)
# Only what is still to be done is searched; done rows never weigh on the claim.
_open = inbox.c.done_at.is_(None) & inbox.c.parked_at.is_(None)
Index("ix_inbox_open", inbox.c.person_id, inbox.c.seq, sqlite_where=_open, postgresql_where=_open)
Index("ix_inbox_done_at", inbox.c.done_at)

chats = Table(
    "chats",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(2)),
    Column("revision", Integer, nullable=False),
    Column("flow", String(40)),
    Column("draft_of", BigInteger),
    Column("draft", LargeBinary),
    Column("expires_at", UtcDateTime),
    Column("message_id", BigInteger),
    Column("keyboard", Boolean, nullable=False),
    Column("listed", String(16)),
    Column("secret_until", UtcDateTime),
    Column("pending", LargeBinary),
    Column("showing_by", String(64)),
    Column("showing_until", UtcDateTime),
    Column("blocked_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
)
Index("ix_chats_expires_at", chats.c.expires_at)
_unshown = chats.c.pending.is_not(None)
Index("ix_chats_pending", chats.c.person_id, sqlite_where=_unshown, postgresql_where=_unshown)
