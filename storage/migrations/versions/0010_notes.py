"""Admins find accounts by name, and write notes for their colleagues."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_accounts_name", "accounts", ["name", "id"])
    op.create_table(
        "notes",
        sa.Column("audit_id", sa.BigInteger, sa.ForeignKey("audit.id"), primary_key=True, autoincrement=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("notes")
    op.drop_index("ix_accounts_name", table_name="accounts")
