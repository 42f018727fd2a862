"""What people tell of themselves, and the hospitals and departments that doctors choose from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The first level of the national list of departments (诊疗科目名录); its codes are the ids.
_DEPARTMENTS = {
    1: "预防保健科",
    2: "全科医疗科",
    3: "内科",
    4: "外科",
    5: "妇产科",
    6: "妇女保健科",
    7: "儿科",
    8: "小儿外科",
    9: "儿童保健科",
    10: "眼科",
    11: "耳鼻咽喉科",
    12: "口腔科",
    13: "皮肤科",
    14: "医疗美容科",
    15: "精神科",
    16: "传染科",
    17: "结核病科",
    18: "地方病科",
    19: "肿瘤科",
    20: "急诊医学科",
    21: "康复医学科",
    22: "运动医学科",
    23: "职业病科",
    24: "临终关怀科",
    25: "特种医学与军事医学科",
    26: "麻醉科",
    27: "疼痛科",
    28: "重症医学科",
    30: "医学检验科",
    31: "病理科",
    32: "医学影像科",
    50: "中医科",
    51: "民族医学科",
    52: "中西医结合科",
}


def upgrade() -> None:
    for name in ("hospitals", "departments"):
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("name", sa.String(length=100), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
    departments = sa.table("departments", sa.column("id", sa.Integer()), sa.column("name", sa.String()))
    op.bulk_insert(departments, [{"id": code, "name": name} for code, name in _DEPARTMENTS.items()])
    op.create_table(
        "profiles",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("avatar_url", sa.String(length=255), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("medical_history", sa.LargeBinary(), nullable=True),
        sa.Column("hospital_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("internal_id", sa.String(length=32), nullable=True),
        sa.Column(
            "position_rank",
            sa.Enum(
                "resident",
                "attending",
                "associate_chief",
                "chief",
                name="position_rank",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("speciality", sa.String(length=255), nullable=True),
        sa.Column("clinic", sa.String(length=100), nullable=True),
        sa.Column("fixed_phone", sa.String(length=15), nullable=True),
        sa.Column("wechat", sa.String(length=20), nullable=True),
        sa.Column("wechat_folded", sa.String(length=80), nullable=True),
        sa.Column("intro", sa.String(length=200), nullable=True),
        sa.Column("school", sa.String(length=50), nullable=True),
        sa.Column("major", sa.String(length=50), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_profiles_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_profiles_department_id_departments")
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospitals.id"], name=op.f("fk_profiles_hospital_id_hospitals")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("hospital_id", "internal_id", name=op.f("uq_profiles_hospital_id_internal_id")),
        sa.UniqueConstraint("wechat_folded", name=op.f("uq_profiles_wechat_folded")),
    )


def downgrade() -> None:
    op.drop_table("profiles")
    op.drop_table("departments")
    op.drop_table("hospitals")
