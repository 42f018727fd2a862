"""What erasing an account leaves to be done or to be remembered (SECURITY.md Privacy)."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String, Table

from storage.tables.base import RowId, UtcDateTime, metadata, one_of

# Until all of it is gone from the files, too: then the row goes.
erasures = Table(
    "erasures",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("people", JSON, nullable=False),  # the Telegram users who were linked to it
    Column("erased_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),  # when the next part is to be done
)

photo_removals = Table(
    "photo_removals",
    metadata,
    Column("path", String(64), primary_key=True),  # its name in the photo store; no other row names it
    Column("due_at", UtcDateTime, nullable=False),
    Column("account_id", BigInteger, ForeignKey("accounts.id")),  # whose dialog it waits in, until one does name it
)
Index("ix_photo_removals_due_at", photo_removals.c.due_at)
Index("ix_photo_removals_account_id", photo_removals.c.account_id)

past_refusals = Table(
    "past_refusals",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("phone_mac", String(128), nullable=False),  # keyed: nobody reads a phone out of the table
    Column("state", one_of("state", "rejected", "locked"), nullable=False),
    Column("refused_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_past_refusals_phone_mac", past_refusals.c.phone_mac)
