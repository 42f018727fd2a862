"""Who may call what: one table, walked on the HTTP face and in the bot with every kind of login (SECURITY.md
Authorisation, CONTRACT.md 2, 3.7, 4).

On a route it reads as a status, in the bot as what the person is answered.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import pytest
from PIL import Image

from api.app import create_app
from bot.commands import COMMANDS, EVERYONE, SIGNED
from core.permissions import TABLE
from core.values import Password, PersonName, Phone, Role
from tests.api.conftest import bearer
from tests.faces.bot_face import BotFace, say
from tests.faces.face import PASSWORD, PHONE, Face
from tests.faces.forgeries import claims, signed
from tests.faces.http_face import HttpFace
from tests.faces.rules import only

PATIENT, DOCTOR, ADMIN = Role.PATIENT, Role.DOCTOR, Role.ADMIN
ROLES: Final = (PATIENT, DOCTOR, ADMIN)
PHONES: Final = {PATIENT: PHONE, DOCTOR: "13912345678", ADMIN: "13712345678"}
SELF: Final = {"phone": PHONE, "name": "张三"}


@dataclass(frozen=True)
class Act:
    """Something that can be asked for, and the roles that may have it; `open_to_all` asks for no login."""

    name: str
    roles: frozenset[Role]
    route: tuple[str, str] | None = None
    body: Any = None
    command: str | None = None
    open_to_all: bool = False


def act(name: str, *roles: Role, **how: Any) -> Act:
    return Act(name, frozenset(roles), **how)


ACTS: Final = (
    act("see one's account", *ROLES, route=("POST", "/api/auth/me"), command="me"),
    act("log out", *ROLES, route=("POST", "/api/auth/logout"), command="logout"),
    act("refresh", *ROLES, route=("POST", "/api/auth/refresh")),
    act("change one's password", *ROLES, command="password"),
    act("change one's phone", *ROLES, command="phone"),
    act("see one's logins", *ROLES, command="sessions"),
    act("export what is kept about oneself", *ROLES, command="export"),
    act("change what one has told of oneself", PATIENT, DOCTOR, command="profile"),
    act("see one's certificate in the chat", DOCTOR, command="certificate"),
    act("erase one's account", *ROLES, command="erase"),
    act("look accounts up", ADMIN, command="find"),
    act("suspend an account", ADMIN, command="suspend"),
    act("restore an account", ADMIN, command="restore"),
    act("confirm a request", ADMIN, command="reset"),
    act("see the figures of the reviews", ADMIN, command="stats"),
    act("read the records of an account", ADMIN, command="audit"),
    act("see what waits for review", ADMIN, command="queue"),
    act("open a certificate", ADMIN, command="review"),
    act("approve a certificate", ADMIN, command="approve"),
    act("refuse a certificate", ADMIN, command="reject"),
    act("put a certificate back", ADMIN, command="release"),
    act("read what was decided on a certificate", ADMIN, command="history"),
    act("let a refused doctor send again", ADMIN, command="reopen"),
    act("take an approval back", ADMIN, command="revoke"),
    act("see a doctor's account", DOCTOR, route=("GET", "/api/doctor/me")),
    act("see one's certificate", DOCTOR, route=("GET", "/api/doctor/certificate")),
    act("send a certificate", DOCTOR, route=("POST", "/api/doctor/certificate/upload"), body="picture"),
    act("log out as a patient", PATIENT, route=("POST", "/patient/logout")),
    act("see a patient's record", PATIENT, route=("GET", "/patient")),
    act("see a patient's record, with a slash", PATIENT, route=("GET", "/patient/")),
    act("change a patient's record", PATIENT, route=("PATCH", "/patient/patient_manage"), body=SELF),
    act("log out as a doctor", DOCTOR, route=("POST", "/doctor/logout")),
    act("see a doctor's record", DOCTOR, route=("GET", "/doctor")),
    act("see a doctor's record, with a slash", DOCTOR, route=("GET", "/doctor/")),
    act("change a doctor's record", DOCTOR, route=("PATCH", "/doctor/doctor_manage"), body=SELF),
    act("log in by e-mail", route=("POST", "/api/auth/login"), body={}, open_to_all=True),
    act("register by e-mail", route=("POST", "/api/auth/register"), body={}, open_to_all=True),
    act("log in as a patient", route=("POST", "/patient/login"), body={}, open_to_all=True),
    act("register as a patient", route=("POST", "/patient/register"), body={}, open_to_all=True),
    act("log in as a doctor", route=("POST", "/doctor/login"), body={}, open_to_all=True),
    act("register as a doctor", route=("POST", "/doctor/register"), body={}, open_to_all=True),
)
BY_ROUTE: Final = [each for each in ACTS if each.route]
BY_COMMAND: Final = [each for each in ACTS if each.command]

Spoil = Callable[[Face, Any, Role], Awaitable[Any]]


async def sign_in(face: Face, role: Role) -> Any:
    """A living login of a new account of this role."""
    if role is ADMIN:
        hashed = await face.core.passwords.hash(Password.parse(PASSWORD))
        async with face.desk.write() as uow:
            for phone in (PHONES[role], "13612345678"):  # the last active admin cannot be suspended
                await face.core.accounts.create_admin(
                    uow, phone=Phone(phone), name=PersonName("管理员"), password_hash=hashed
                )
            if isinstance(face, HttpFace):  # no document has a route that logs an admin in
                account = await face.core.accounts.find(uow, "A1")
                return (await face.core.sessions.open_over_http(uow, account)).access_token
        return await face.log_in(PHONES[role], role=role)
    return await face.newcomer(PHONES[role], role=role)


async def _living(_face: Face, login: Any, _role: Role) -> Any:
    return login


async def _expired(face: Face, login: Any, _role: Role) -> Any:
    face.clock.advance(days=14) if isinstance(face, BotFace) else face.clock.advance(hours=1)
    return login


async def _denied(face: Face, login: Any, role: Role) -> Any:
    await face.log_out(login, role)
    return login


async def _suspended(face: Face, login: Any, role: Role) -> Any:
    await face.suspend(PHONES[role], role)
    return login


async def _everywhere(face: Face, login: Any, role: Role) -> Any:
    await face.end_everywhere(PHONES[role], role)
    return login


async def _of_a_stranger(face: Face, login: Any, _role: Role) -> Any:
    """Rightly signed, but it says another account than its session's."""
    key = face.core.tokens._ring.now
    return signed(claims(login) | {"sub": "424242"}, key)


SPOILT: Final[dict[str, Spoil]] = {
    "expired": _expired,
    "denied": _denied,
    "suspended": _suspended,
    "logged out everywhere": _everywhere,
}


async def status(face: HttpFace, act: Act, token: str | None) -> int:
    """How a route answers a request with this token, or with none."""
    assert act.route
    headers = {} if token is None else bearer(token)
    if act.body == "picture":
        picture = BytesIO()
        Image.new("RGB", (64, 64), "white").save(picture, "PNG")
        sent: dict[str, Any] = {"files": {"certificate": ("certificate.png", picture.getvalue(), "image/png")}}
    else:
        body = act.body and {**act.body, "phone": PHONES[DOCTOR] if "doctor" in act.route[1] else PHONE}
        sent = {} if act.body is None else {"json": body}
    return (await face.client.request(*act.route, headers=headers, **sent)).status_code


@only("http")
@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_what_is_its_own_over_http_and_nothing_else(face: HttpFace, role: Role) -> None:
    await sign_in(face, role)
    answered = {}
    for each in BY_ROUTE:
        token = await fresh(face, role)
        answered[each.name] = await status(face, each, token)
    assert answered == {each.name: 422 if each.open_to_all else 200 if role in each.roles else 403 for each in BY_ROUTE}


@only("http")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
async def test_a_login_that_is_over_opens_nothing_over_http(face: HttpFace, role: Role, spoil: Spoil) -> None:
    token = await spoil(face, await sign_in(face, role), role)
    answered = {each.name: await status(face, each, token) for each in BY_ROUTE}
    assert answered == {each.name: 422 if each.open_to_all else 401 for each in BY_ROUTE}


@only("http")
async def test_without_a_token_or_with_a_strangers_nothing_opens_over_http(face: HttpFace) -> None:
    token = await sign_in(face, PATIENT)
    for given in (None, "nonsense", await _of_a_stranger(face, token, PATIENT)):
        answered = {each.name: await status(face, each, given) for each in BY_ROUTE}
        assert answered == {each.name: 422 if each.open_to_all else 401 for each in BY_ROUTE}


@only("bot")
@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_what_is_its_own_in_the_bot(face: BotFace, role: Role) -> None:
    chat = await sign_in(face, role)
    for each in sorted(BY_COMMAND, key=lambda each: each.command == "logout"):
        said = await say(chat, f"/{each.command}")
        assert (refused(said) is False) is (role in each.roles), said
        await chat.send("/cancel")


@only("bot")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
async def test_a_login_that_is_over_opens_nothing_in_the_bot(face: BotFace, role: Role, spoil: Spoil) -> None:
    chat = await spoil(face, await sign_in(face, role), role)
    for each in BY_COMMAND:
        assert refused(await say(chat, f"/{each.command}")), each
        await chat.send("/cancel")


def refused(said: str) -> bool:
    """Whether the bot answered with anything but the thing itself."""
    return any(text in said for text in ("请先登录", "登录已过期", "不适用", "您没有登录", "没有这项权限"))


async def fresh(face: HttpFace, role: Role) -> str:
    """Another living login of the account: some acts end theirs."""
    account = await face.account(PHONES[role], role)
    assert account is not None
    async with face.desk.write() as uow:
        return (await face.core.sessions.open_over_http(uow, account)).access_token


@only("http")
async def test_the_table_has_every_route_there_is(face: HttpFace) -> None:
    app = create_app(face.core, face.database, face.clock)
    found = set[tuple[str, str]]()
    for part in app.routes:
        router = getattr(part, "original_router", None)
        routes: list[Any] = router.routes if router else [part]
        for route in routes:
            methods = getattr(route, "methods", None) or {"GET"}
            found |= {(method, route.path) for method in methods - {"HEAD"}}
    documentation = {("GET", path) for path in ("/docs", "/openapi.json", "/static-offline-docs")}
    assert found - documentation == {each.route for each in BY_ROUTE}


def test_the_table_has_every_command_that_asks_for_a_login() -> None:
    asks = {name for name, command in COMMANDS.items() if command.audience & SIGNED and command.audience != EVERYONE}
    assert asks == {each.command for each in BY_COMMAND}


def test_a_command_is_for_those_whom_cores_table_allows_it() -> None:
    """The bot refuses others before core does: neither may be wider than the other."""
    for name, command in COMMANDS.items():
        if command.needs:
            assert command.audience == {role for role, allowed in TABLE.items() if command.needs in allowed}, name
