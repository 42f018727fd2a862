"""What came from other services: which of their lines is which account here, so that no line is taken twice."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, UniqueConstraint

from storage.tables.base import metadata, one_of

# It outlives what its account held: a line whose account was erased must not bring it back.
imported_accounts = Table(
    "imported_accounts",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("role", one_of("role", "doctor", "patient"), primary_key=True),  # services number each role from 1
    Column("source_id", String(64), primary_key=True),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    UniqueConstraint("account_id"),
)
