"""An avatar may be a photo, and a photo is noted before it lies in the store."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("profiles", sa.Column("avatar_photo", sa.String(length=64), nullable=True))
    # Alembic adds no foreign key to a table of SQLite's; both databases know how.
    key = "fk_photo_removals_account_id_accounts"
    op.execute(f"ALTER TABLE photo_removals ADD COLUMN account_id BIGINT CONSTRAINT {key} REFERENCES accounts (id)")
    op.create_index("ix_photo_removals_account_id", "photo_removals", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_photo_removals_account_id", table_name="photo_removals")
    with op.batch_alter_table("photo_removals") as table:
        table.drop_column("account_id")
    op.drop_column("profiles", "avatar_photo")
