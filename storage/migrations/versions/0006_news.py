"""What an account was told is read again by its owner: found by account."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_account_id", "outbox", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_account_id", table_name="outbox")
