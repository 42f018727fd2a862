"""Hospitals and departments are found by a part of their name or of its pinyin initials."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("hospitals", "departments"):
        op.add_column(name, sa.Column("found_by", sa.String(length=300), server_default="", nullable=False))
        table = sa.table(name, sa.column("id", sa.Integer()), sa.column("name"), sa.column("found_by"))
        rows = op.get_bind().execute(sa.select(table.c.id, table.c.name)).all()
        if rows:
            op.get_bind().execute(
                sa.update(table).where(table.c.id == sa.bindparam("row")).values(found_by=sa.bindparam("found")),
                [{"row": row.id, "found": _found_by(row.name)} for row in rows],
            )


def downgrade() -> None:
    for name in ("hospitals", "departments"):
        op.drop_column(name, "found_by")


def _found_by(name: str) -> str:
    """As storage/reference.py made it at this revision."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - as there

    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return f"{_folded(name)} {_folded(initials)}"[:300]


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
