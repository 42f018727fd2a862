"""Which worker shows a chat's answer, and PostgreSQL tells all workers what has come in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What somebody waits for: whoever writes it, this program or another, every listening worker hears of it at the commit.
_TOLD = {"inbox": "INSERT", "outbox": "INSERT OR UPDATE OF due_at", "export_jobs": "INSERT OR UPDATE OF due_at"}


def upgrade() -> None:
    op.add_column("chats", sa.Column("showing_by", sa.String(length=64), nullable=True))
    op.add_column("chats", sa.Column("showing_until", sa.DateTime(timezone=True), nullable=True))
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION tell_workers() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_notify('clinic', TG_TABLE_NAME); RETURN NULL; END $$"
    )
    for table, events in _TOLD.items():
        op.execute(
            f"CREATE TRIGGER tell_workers AFTER {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION tell_workers()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _TOLD:
            op.execute(f"DROP TRIGGER tell_workers ON {table}")
        op.execute("DROP FUNCTION tell_workers()")
    op.drop_column("chats", "showing_until")
    op.drop_column("chats", "showing_by")
