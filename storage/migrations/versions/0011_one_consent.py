"""One standing consent of a kind and version, however many are given at once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STANDING = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    op.execute(
        "DELETE FROM consents WHERE withdrawn_at IS NULL AND id NOT IN ("
        "SELECT MIN(id) FROM consents WHERE withdrawn_at IS NULL GROUP BY account_id, kind, version)"
    )
    op.create_index(
        "uq_consents_account_id_kind_version",
        "consents",
        ["account_id", "kind", "version"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.drop_index("ix_consents_account_id", "consents")


def downgrade() -> None:
    op.create_index("ix_consents_account_id", "consents", ["account_id"])
    op.drop_index("uq_consents_account_id_kind_version", "consents")
