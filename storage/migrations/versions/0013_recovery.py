"""Requests for a new password or phone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state IN ('open', 'granted')")


def upgrade() -> None:
    op.create_table(
        "recovery_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("telegram_user_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", _one_of("purpose", "password", "phone"), nullable=False),
        sa.Column("state", _one_of("state", "open", "granted", "done", "dropped"), nullable=False),
        sa.Column("number_hash", sa.String(length=64), nullable=True),
        sa.Column("phone", sa.String(length=11), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recovery_requests_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_requests")),
        sa.UniqueConstraint("number_hash", name=op.f("uq_recovery_requests_number_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_recovery_requests_telegram_user_id",
        "recovery_requests",
        ["telegram_user_id"],
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )
    op.create_index("ix_recovery_requests_account_id", "recovery_requests", ["account_id"])


def downgrade() -> None:
    op.drop_table("recovery_requests")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=16)
