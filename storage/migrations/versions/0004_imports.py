"""Which lines of other services' files are which accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_accounts",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column(
            "role",
            sa.Enum("doctor", "patient", name="role", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_imported_accounts_account_id_accounts")),
        sa.PrimaryKeyConstraint("source", "role", "source_id", name=op.f("pk_imported_accounts")),
        sa.UniqueConstraint("account_id", name=op.f("uq_imported_accounts_account_id")),
    )


def downgrade() -> None:
    op.drop_table("imported_accounts")
