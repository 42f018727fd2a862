"""What every table shares: one MetaData, names for constraints, and times that are always aware UTC."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import BigInteger, DateTime, Enum, Integer, MetaData, Row, TypeDecorator
from sqlalchemy.engine import Dialect

if TYPE_CHECKING:
    _UtcBase = TypeDecorator[datetime]
else:
    _UtcBase = TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

# SQLite gives row numbers only to INTEGER PRIMARY KEY; PostgreSQL needs BIGINT for the same range.
RowId = BigInteger().with_variant(Integer, "sqlite")


def one_of(name: str, *values: str) -> Enum:
    """A column type that holds one of these words, checked by the database too."""
    # Without the two flags a wrong value is stored and only found when it is read.
    return Enum(*values, name=name, native_enum=False, length=16, create_constraint=True, validate_strings=True)


class UtcDateTime(_UtcBase):
    """A moment: aware UTC in and out on both databases (SQLite itself forgets the zone). Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)
