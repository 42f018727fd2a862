"""What S1, "用户端接口", prints: the patient's side."""

from typing import Final

from tests.contract.facts import Answer, Key, Operation, Parameter

CONTENT_TYPE: Final = Parameter("Content-Type", "header", "string", required=True)
AUTHORIZATION: Final = Parameter("Authorization", "header", "string", required=True)
BODY: Final = Parameter("body", "body", "object", required=False)
ENVELOPE: Final = (
    Key("code", "integer", required=True),
    Key("data", "string", required=False),
    Key("msg", "string", required=False),
)
ENVELOPE_OF_PATCH: Final = (
    Key("code", "integer", required=True),
    Key("msg", "string", required=True),
    Key("data", "object", required=True),
)
ENVELOPE_PRINTED: Final = {"code": 0, "data": "string", "msg": "string"}
LOGIN_PRINTED: Final = {
    "code": 0,
    "data": {"id": 0, "name": "string", "role": "string", "token": "string"},
    "msg": "string",
}
LOGIN_KEYS: Final = (
    Key("code", "integer", required=True),
    Key("data", "object", required=False),
    Key("data.id", "integer", required=False),
    Key("data.name", "string", required=False),
    Key("data.role", "string", required=False),
    Key("data.token", "string", required=False),
    Key("msg", "string", required=False),
)


def needed(name: str, type_: str = "string") -> Parameter:
    """A row of a body's table that is marked 是."""
    return Parameter(name, "body", type_, required=True)


def optional(name: str, type_: str = "string") -> Parameter:
    """A row of a body's table that is marked 否."""
    return Parameter(name, "body", type_, required=False)


def logged_in(role: str) -> Answer:
    """The login's answer, with the role that the account has."""
    return Answer(
        200, LOGIN_PRINTED, {"code": 0, "data": {"id": int, "name": str, "role": role, "token": str}, "msg": str}
    )


def done(text: str, settled: str) -> Answer:
    """An answer whose `data` is printed as a string and is null here: there is nothing to tell."""
    return Answer(200, ENVELOPE_PRINTED, {"code": 0, "data": None, "msg": text}, settled=settled)


LOGIN: Final = Operation(
    document="S1",
    heading="POST 患者登录",
    row=9,
    method="POST",
    path="/patient/login",
    body={"phone": "string", "password": "string"},
    answers=(logged_in("patient"),),
    parameters=(CONTENT_TYPE, BODY, needed("phone"), needed("password")),
    keys=LOGIN_KEYS,
)
REGISTER: Final = Operation(
    document="S1",
    heading="POST 患者注册",
    row=10,
    method="POST",
    path="/patient/register",
    body={"phone": "string", "password": "string", "name": "string"},
    answers=(done("注册成功", "CONTRACT.md 2.10"),),
    parameters=(CONTENT_TYPE, BODY, needed("phone"), needed("password"), needed("name")),
    keys=ENVELOPE,
)
LOGOUT: Final = Operation(
    document="S1",
    heading="POST 患者登出",
    row=11,
    method="POST",
    path="/patient/logout",
    answers=(done("登出成功", "CONTRACT.md 2.11"),),
    parameters=(CONTENT_TYPE, AUTHORIZATION),
    keys=ENVELOPE,
    token=True,
    who="patient",
)
MANAGE: Final = Operation(
    document="S1",
    heading="PATCH 患者个人信息管理",
    row=12,
    method="PATCH",
    path="/patient/patient_manage",
    body={
        "phone": "13812345678",
        "name": "张三",
        "gender": "male",
        "birth_date": "1990-01-01",
        "address": "北京市朝阳区",
        "medical_history": "无",
    },
    answers=(done("操作成功", "CONTRACT.md 2.12"),),
    parameters=(
        CONTENT_TYPE,
        AUTHORIZATION,
        BODY,
        needed("phone"),
        needed("name"),
        optional("gender"),
        optional("birth_date"),
        optional("address"),
        optional("medical_history"),
        optional("avatar_url"),
    ),
    keys=ENVELOPE_OF_PATCH,
    token=True,
    who="patient",
)
_PROFILE_FIELDS: Final = ("phone", "name", "gender", "address", "avatar_url", "birth_date", "medical_history")
PROFILE: Final = Operation(
    document="S1",
    heading="GET 查询当前患者信息",
    row=13,
    method="GET",
    path="/patient",
    answers=(
        Answer(
            200,
            {"code": 0, "data": dict.fromkeys(_PROFILE_FIELDS, "string"), "msg": "string"},
            {"code": 0, "data": dict.fromkeys(_PROFILE_FIELDS, str), "msg": str},
        ),
    ),
    parameters=(AUTHORIZATION,),
    keys=(
        Key("code", "integer", required=True),
        Key("data", "object", required=True),
        Key("data.phone", "string", required=True),
        Key("data.name", "string", required=False),
        Key("data.gender", "string", required=False),
        Key("data.address", "string", required=False),
        Key("data.avatar_url", "string", required=False),
        Key("data.birth_date", "string", required=False),
        Key("data.medical_history", "string", required=False),
        Key("msg", "string", required=False),
    ),
    token=True,
    who="patient",
)
OPERATIONS: Final = (LOGIN, REGISTER, LOGOUT, MANAGE, PROFILE)
