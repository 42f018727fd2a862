"""What erasing an account leaves to be done or to be remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
        sa.Column("people", sa.JSON, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "photo_removals",
        sa.Column("path", sa.String(length=64), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_photo_removals_due_at", "photo_removals", ["due_at"])
    op.create_table(
        "past_refusals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("phone_mac", sa.String(length=128), nullable=False),
        sa.Column(
            "state",
            sa.Enum("rejected", "locked", name="state", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_past_refusals_phone_mac", "past_refusals", ["phone_mac"])


def downgrade() -> None:
    op.drop_table("past_refusals")
    op.drop_table("photo_removals")
    op.drop_table("erasures")
