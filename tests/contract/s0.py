"""What S0, "API Reference", prints: two groups, Authentication and Doctor.

Each request stands there twice, as curl and as JavaScript, with the same method, address, headers and body.
"""

from typing import Final

from tests.contract.facts import JSON_TYPE, Answer, Operation, Parameter

_HEADERS: Final = {"Content-Type": JSON_TYPE, "Accept": JSON_TYPE}
_TOKEN_PRINTED: Final = {"access_token": "", "token_type": "bearer", "expires_in": 3600}
_TOKEN: Final = {"access_token": str, "token_type": "bearer", "expires_in": 3600}


def _field(name: str, type_: str) -> Parameter:
    return Parameter(name, "body", type_, required=True)


LOGIN: Final = Operation(
    document="S0",
    heading="Authentication / Login",
    row=1,
    method="POST",
    path="/api/auth/login",
    headers=_HEADERS,
    body={"email": "me@example.comciw", "password": "12345678"},
    answers=(Answer(200, _TOKEN_PRINTED, _TOKEN), Answer(401, {"message": "登录验证失败"})),
    parameters=(_field("email", "string"), _field("password", "string")),
)
REGISTER: Final = Operation(
    document="S0",
    heading="Authentication / Register",
    row=2,
    method="POST",
    path="/api/auth/register",
    headers=_HEADERS,
    body={"username": "demo", "password": "12345678", "email": "me@example.com", "sex": 0, "age": 24},
    answers=(Answer(200, {"message": "注册成功"}),),
    parameters=(
        _field("username", "string"),
        _field("password", "string"),
        _field("email", "string"),
        _field("sex", "integer"),
        _field("age", "integer"),
    ),
)
LOGOUT: Final = Operation(
    document="S0",
    heading="Authentication / Logout",
    row=3,
    method="POST",
    path="/api/auth/logout",
    headers=_HEADERS,
    answers=(Answer(200, {"message": "登出成功"}),),
    token=True,
    who="doctor",
)
REFRESH: Final = Operation(
    document="S0",
    heading="Authentication / Refresh token",
    row=4,
    method="POST",
    path="/api/auth/refresh",
    headers=_HEADERS,
    answers=(Answer(200, _TOKEN_PRINTED, _TOKEN),),
    token=True,
    who="doctor",
)
_ME_PRINTED: Final = {
    "id": 2,
    "created_at": None,
    "updated_at": None,
    "type": 0,
    "username": "example",
    "sex": 0,
    "age": 0,
    "head_portrait": None,
    "clinic": None,
    "mobile": None,
    "email": "me@example.com",
    "fixphonenumber": None,
    "certificat": None,
    "certificat_checked": None,
    "wechat": None,
    "intro": None,
    "school": None,
    "major": None,
}
ME: Final = Operation(  # the only one of its group without the mark that a login is needed, which it is
    document="S0",
    heading="Authentication / Me",
    row=5,
    method="POST",
    path="/api/auth/me",
    headers=_HEADERS,
    answers=(
        Answer(
            200,
            _ME_PRINTED,
            {**_ME_PRINTED, "id": int, "created_at": str, "updated_at": str},
            settled="CONTRACT.md 1",  # created_at, updated_at: ISO 8601 UTC, or null
        ),
    ),
    who="doctor",
)
DOCTOR_ME: Final = Operation(
    document="S0",
    heading="Doctor / Get My account info",
    row=6,
    method="GET",
    path="/api/doctor/me",
    headers=_HEADERS,
    answers=(Answer(401, {"message": "Unauthenticated."}),),
    token=True,
    who="doctor",
)
CERTIFICATE: Final = Operation(
    document="S0",
    heading="Doctor / Get certificate",
    row=7,
    method="GET",
    path="/api/doctor/certificate",
    headers=_HEADERS,
    answers=(Answer(200, None),),
    token=True,
    who="doctor",
)
UPLOAD: Final = Operation(  # its example is JSON, its table says binary: see CONTRACT.md 3.9
    document="S0",
    heading="Doctor / Upload certificate",
    row=8,
    method="POST",
    path="/api/doctor/certificate/upload",
    headers=_HEADERS,
    body={"certificate": "soluta"},
    answers=(),
    parameters=(_field("certificate", "binary"),),
    token=True,
    who="doctor",
)
OPERATIONS: Final = (LOGIN, REGISTER, LOGOUT, REFRESH, ME, DOCTOR_ME, CERTIFICATE, UPLOAD)
