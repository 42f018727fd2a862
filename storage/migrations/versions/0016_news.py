"""What an account was told is kept by account: also what no chat was there to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "news",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_in", sa.BigInteger),
        sa.Column("read_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_news_account_id", "news", ["account_id"])
    # What stands in the outbox today, each once however many chats it went to.
    params = "MIN(CAST(params AS TEXT))"
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps JSON as text, and would make a number of it
        params = f"CAST({params} AS JSON)"
    op.execute(
        "INSERT INTO news (account_id, kind, params, created_at, read_at)"  # noqa: S608 - nothing of it is from outside
        f" SELECT account_id, kind, {params}, created_at, created_at FROM outbox"
        " WHERE account_id IS NOT NULL GROUP BY account_id, kind, created_at"
    )


def downgrade() -> None:
    op.drop_table("news")
