"""S0: logging in by e-mail, and one's own account (CONTRACT.md 2.1-2.6)."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from api import texts
from api.answers import Message, s0, success
from api.edge import AnEdge, Call, Token, reading, writing
from api.json_body import JsonRoute
from api.login import ASource, log_in
from api.values import AgeNumber, Body, EmailText, GivenPassword, PasswordText, SexWord, UsernameText, shown_as
from core.errors import Unauthenticated
from core.permissions import Permission
from core.sessions import Issued, RefreshRefused
from core.standings import Standing
from core.values import Role, Sex

router = APIRouter(prefix="/api", tags=["S0: accounts"], route_class=JsonRoute)

_TYPES: Final[dict[Role, Literal[0, 1, 2, 3]]] = {Role.DOCTOR: 0, Role.PATIENT: 1, Role.EXPERT: 2, Role.ADMIN: 3}
_SEXES: Final[dict[Sex, Literal[0, 1, 2]]] = {Sex.MALE: 0, Sex.FEMALE: 1, Sex.UNDISCLOSED: 2}
_A_TOKEN: Final = success({"access_token": "", "token_type": "bearer", "expires_in": 3600})
_ME: Final = success(
    {
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
)


class Credentials(Body):
    """An e-mail and its password."""

    model_config = shown_as({"email": "me@example.com", "password": "12345678"})  # CONTRACT.md 3.8

    email: EmailText
    password: GivenPassword


class Registration(Body):
    """A new doctor."""

    model_config = shown_as(
        {"username": "demo", "password": "12345678", "email": "me@example.com", "sex": 0, "age": 24}
    )

    username: UsernameText
    password: PasswordText
    email: EmailText
    sex: SexWord
    age: AgeNumber


class TokenAnswer(BaseModel):
    """A token; `expires_in` counts seconds (TOKENS T1)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind of token
    expires_in: int

    @classmethod
    def of(cls, issued: Issued) -> "TokenAnswer":
        return cls(access_token=issued.access_token, expires_in=issued.expires_in)


class Me(BaseModel):
    """One's own account, S0's names. `type`: 0 doctor, 1 patient, 3 admin; `sex`: 0 male, 1 female, 2 undisclosed."""

    id: int
    created_at: datetime | None
    updated_at: datetime | None
    type: Literal[0, 1, 2, 3]
    username: str
    sex: Literal[0, 1, 2]
    age: int | None
    head_portrait: str | None
    clinic: str | None
    mobile: str | None
    email: str | None
    fixphonenumber: str | None
    certificat: str | None
    certificat_checked: Standing | None
    wechat: str | None
    intro: str | None
    school: str | None
    major: str | None


@router.post(
    "/auth/login",
    operation_id="login",
    summary="Log in by e-mail",
    responses={**_A_TOKEN, **s0(401, codes={422: "email.wrong_format"}, login=True)},
)
async def login(edge: AnEdge, source: ASource, body: Credentials) -> TokenAnswer:
    """A token for an hour. One answer for an unknown account, a wrong password and a suspended account."""
    done = await log_in(edge, source, role=None, identifier=body.email, password=body.password)
    assert done.issued
    return TokenAnswer.of(done.issued)


@router.post(
    "/auth/register",
    operation_id="register",
    summary="Register a doctor by e-mail",
    responses={**success({"message": texts.REGISTERED}), **s0(codes={422: "password.too_short"})},
)
async def register(edge: AnEdge, body: Registration) -> Message:
    """Makes a doctor's account; log in afterwards."""
    own = (body.username.value, body.email.value.partition("@")[0])
    hashed = await edge.core.passwords.hash(replace(body.password, own=own))
    async with edge.write() as uow:
        await edge.core.accounts.register_by_email(
            uow, username=body.username, email=body.email, sex=body.sex, age=body.age, password_hash=hashed
        )
    return Message(message=texts.REGISTERED)


@router.post(
    "/auth/logout",
    operation_id="logout",
    summary="Log out",
    responses={**success({"message": texts.LOGGED_OUT}), **s0(401)},
)
async def logout(call: Annotated[Call, writing(Permission.END_OWN_SESSION)]) -> Message:
    """The token is dead at once; other logins of the account go on."""
    await call.core.sessions.logout(call.uow, call.signed)
    return Message(message=texts.LOGGED_OUT)


@router.post(
    "/auth/refresh",
    operation_id="refresh",
    summary="Get a new token for a living one",
    responses={**_A_TOKEN, **s0(401)},
)
async def refresh(edge: AnEdge, token: Token) -> TokenAnswer:
    """The old token is dead at once. Fourteen days after the login only a new login helps."""
    async with edge.write() as uow:
        outcome = await edge.core.sessions.refresh(uow, token)
    if isinstance(outcome, RefreshRefused):
        raise Unauthenticated  # after the commit: what the refusal wrote must stay
    return TokenAnswer.of(outcome)


@router.post("/auth/me", operation_id="me", summary="One's own account", responses={**_ME, **s0(401)})
async def me(call: Annotated[Call, reading(Permission.SEE_OWN_ACCOUNT)]) -> Me:
    """All that S0 knows of who is asking."""
    return await _me(call)


@router.get("/doctor/me", operation_id="doctor_me", summary="A doctor's own account", responses={**_ME, **s0(401, 403)})
async def doctor_me(call: Annotated[Call, reading(Permission.SEE_OWN_DOCTOR)]) -> Me:
    """As /api/auth/me, for doctors alone."""
    return await _me(call)


async def _me(call: Call) -> Me:
    account = await call.core.accounts.me(call.uow, call.signed)
    profile = await call.core.profiles.own(call.uow, call.signed)
    summary = await call.core.certificates.summary(call.uow, account.id)
    return Me(
        id=account.id,
        created_at=account.created_at,
        updated_at=account.updated_at,
        type=_TYPES[account.role],
        username=account.username or account.name,
        sex=_SEXES[account.sex],
        age=account.age,
        head_portrait=profile.avatar_url,
        clinic=profile.clinic,
        mobile=account.phone,
        email=account.email,
        fixphonenumber=profile.fixed_phone,
        certificat=summary.path,
        certificat_checked=summary.standing,
        wechat=profile.wechat,
        intro=profile.intro,
        school=profile.school,
        major=profile.major,
    )
