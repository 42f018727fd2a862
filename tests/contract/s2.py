"""What S2, "医生端接口", prints: the doctor's side.

Its tables mark Authorization as required on every operation, login and register too (CONTRACT.md 3.3).
"""

from typing import Final

from tests.contract.facts import Answer, Operation
from tests.contract.s1 import (
    AUTHORIZATION,
    BODY,
    CONTENT_TYPE,
    ENVELOPE,
    ENVELOPE_OF_PATCH,
    LOGIN_KEYS,
    done,
    logged_in,
    needed,
    optional,
)

LOGIN: Final = Operation(
    document="S2",
    heading="POST 医生登录",
    row=14,
    method="POST",
    path="/doctor/login",
    body={"phone": "string", "password": "string"},
    answers=(logged_in("doctor"),),
    parameters=(CONTENT_TYPE, AUTHORIZATION, BODY, needed("phone"), needed("password")),
    keys=LOGIN_KEYS,
    token=True,
)
LOGOUT: Final = Operation(
    document="S2",
    heading="POST 医生登出",
    row=15,
    method="POST",
    path="/doctor/logout",
    answers=(done("登出成功", "CONTRACT.md 2.15"),),
    parameters=(CONTENT_TYPE, AUTHORIZATION),
    keys=ENVELOPE,
    token=True,
    who="doctor",
)
REGISTER: Final = Operation(
    document="S2",
    heading="POST 医生注册",
    row=16,
    method="POST",
    path="/doctor/register",
    body={"phone": "string", "password": "string", "name": "string"},
    answers=(
        Answer(
            200,
            # The envelope, lost inside a string with a stray heading.
            '\r\n示例\r\n{\r\n  "code": 0,\r\n  "data": "string",\r\n  "msg": "string"\r\n}',
            {"code": 0, "data": None, "msg": "注册成功"},
            settled="CONTRACT.md 3.1",
        ),
    ),
    parameters=(CONTENT_TYPE, AUTHORIZATION, BODY, needed("phone"), needed("password"), needed("name")),
    keys=ENVELOPE,
    token=True,
)
MANAGE: Final = Operation(
    document="S2",
    heading="PATCH 医生个人信息管理",
    row=17,
    method="PATCH",
    path="/doctor/doctor_manage",
    body={
        "phone": "13912345678",
        "name": "王某某",
        "gender": "男",
        "birth_date": "1980-05-15",
        "hospital_id": 3,
        "internal_id": "DOC2023001",
        "department_id": 1,
        "position_rank": "主任医师",
        "speciality": "冠心病介入治疗",
        "avatar_url": "https://example.com/avatars/doc001.jpg",
    },
    answers=(
        Answer(
            200,
            {"code": 200, "message": "操作成功", "data": None},
            {"code": 0, "msg": "操作成功", "data": None},
            settled="CONTRACT.md 3.1",
        ),
    ),
    parameters=(
        CONTENT_TYPE,
        AUTHORIZATION,
        BODY,
        needed("phone"),
        needed("name"),
        optional("gender"),
        optional("birth_date"),
        optional("hospital_id", "integer"),
        optional("internal_id"),
        optional("department_id", "integer"),
        optional("position_rank"),
        optional("speciality"),
        optional("avatar_url"),
    ),
    keys=ENVELOPE_OF_PATCH,
    token=True,
    who="doctor",
)
OPERATIONS: Final = (LOGIN, LOGOUT, REGISTER, MANAGE)
