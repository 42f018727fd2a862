"""Certificates are reviewed: claims, decisions, look-alikes, and the messages that show an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_WAITING = "('pending', 'in_review', 'second_review')"
_COLUMNS = (
    ("name", sa.String(length=50)),
    ("queued_at", _MOMENT),
    ("claimed_until", _MOMENT),
    ("decided_at", _MOMENT),
    ("appeal_message", sa.LargeBinary()),
    ("valid_until", sa.Date()),
    ("keep_until", _MOMENT),
    ("compared_at", _MOMENT),
)
_ADMINS = ("claimed_by", "decided_by", "not_by")
_COUNTS = ("doctor_reminded", "admins_reminded")
_INDEXES = (
    ("ix_submissions_queued_at", ["queued_at", "id"], "queued_at IS NOT NULL"),
    ("ix_submissions_keep_until", ["keep_until"], "keep_until IS NOT NULL"),
    (
        "ix_submissions_state",
        ["state", "id"],
        "state IN ('needs_resubmit', 'approved', 'revalidate', 'locked')",
    ),
    ("ix_submissions_compared_at", ["id"], "compared_at IS NULL"),
)
_OUTCOMES = (
    "approved",
    "needs_resubmit",
    "rejected",
    "proposed",
    "sent_back",
    "confirmed",
    "revoked",
    "undone",
    "reopened",
    "unlocked",
)


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("submissions", sa.Column(name, kind, nullable=True))
    for name in _COUNTS:
        op.add_column("submissions", sa.Column(name, sa.SmallInteger(), server_default="0", nullable=False))
    for name in _ADMINS:  # Alembic adds no foreign key to a table of SQLite's; both databases know how
        key = f"fk_submissions_{name}_accounts"
        op.execute(f"ALTER TABLE submissions ADD COLUMN {name} BIGINT CONSTRAINT {key} REFERENCES accounts (id)")
    op.execute("UPDATE submissions SET name = (SELECT name FROM accounts WHERE accounts.id = submissions.account_id)")
    op.execute(f"UPDATE submissions SET queued_at = created_at WHERE state IN {_WAITING}")  # noqa: S608 - our own words
    for name, columns, where in _INDEXES:
        op.create_index(name, "submissions", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.add_column("submission_files", sa.Column("likeness", sa.String(length=64), nullable=True))
    op.create_index("ix_submission_files_sha256", "submission_files", ["sha256"])
    op.create_table(
        "decisions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("admin_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(*_OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("reasons", sa.String(length=80), nullable=True),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_decisions_submission_id_submissions")
        ),
        sa.ForeignKeyConstraint(["admin_id"], ["accounts.id"], name=op.f("fk_decisions_admin_id_accounts")),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name=op.f("fk_decisions_audit_id_audit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_submission_id", "decisions", ["submission_id", "id"])
    op.create_table(
        "look_alikes",
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_look_alikes_submission_id_submissions")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["submissions.id"], name=op.f("fk_look_alikes_other_id_submissions")),
        sa.PrimaryKeyConstraint("submission_id", "other_id", name=op.f("pk_look_alikes")),
    )
    op.create_index("ix_look_alikes_other_id", "look_alikes", ["other_id"])
    op.create_table(
        "shown_messages",
        sa.Column("telegram_user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("image", "card", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("shown_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_shown_messages_submission_id_submissions")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_shown_messages_account_id_accounts")),
        sa.PrimaryKeyConstraint("telegram_user_id", "message_id", name=op.f("pk_shown_messages")),
    )
    op.create_index("ix_shown_messages_submission_id", "shown_messages", ["submission_id"])


def downgrade() -> None:
    for table in ("shown_messages", "look_alikes", "decisions"):
        op.drop_table(table)
    op.drop_index("ix_submission_files_sha256", "submission_files")
    op.drop_column("submission_files", "likeness")
    for name, _, _ in _INDEXES:
        op.drop_index(name, "submissions")
    for name in (*_ADMINS, *_COUNTS, *(name for name, _ in _COLUMNS)):
        op.drop_column("submissions", name)
