"""What people tell of themselves beyond what their login needs, and the tables it refers to."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from storage.tables.base import metadata, one_of

hospitals = Table(
    "hospitals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # as the clinic numbers them
    Column("name", String(100), nullable=False),
    Column("found_by", String(300), nullable=False, server_default=""),  # what people type of it (storage/reference.py)
)

departments = Table(
    "departments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the national list's code, or the clinic's own
    Column("name", String(100), nullable=False),
    Column("found_by", String(300), nullable=False, server_default=""),
)

# One row an account, made when the first of these is told: logins and tokens never read it.
profiles = Table(
    "profiles",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("avatar_url", String(255)),
    Column("avatar_photo", String(64)),  # its name in the photo store, in place of the address
    Column("address", String(255)),
    Column("medical_history", LargeBinary),  # sealed under the health keys
    Column("hospital_id", Integer, ForeignKey("hospitals.id")),
    Column("department_id", Integer, ForeignKey("departments.id")),
    Column("internal_id", String(32)),
    Column("position_rank", one_of("position_rank", "resident", "attending", "associate_chief", "chief")),
    Column("speciality", String(255)),
    Column("clinic", String(100)),
    Column("fixed_phone", String(15)),
    Column("wechat", String(20)),
    Column("wechat_folded", String(80)),
    Column("intro", String(200)),
    Column("school", String(50)),
    Column("major", String(50)),
    UniqueConstraint("hospital_id", "internal_id"),
    UniqueConstraint("wechat_folded"),
)
