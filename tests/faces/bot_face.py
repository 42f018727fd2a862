"""The bot, chatted with in Chinese through the sandbox: every login is another Telegram user's."""

import re
from string import Formatter
from typing import Any, ClassVar, Final

from core.values import Role
from sandbox.client import Chat
from tests.bot.conftest import Clinic
from tests.bot.source_texts import source
from tests.faces.face import NO, OK, OUT, PASSWORD, PHONE, WAIT, Face, Login, Seen

_ROLES: Final = {Role.PATIENT: "患者", Role.DOCTOR: "医生", Role.ADMIN: "工作人员"}
_SEXES: Final = {"0": "男", "1": "女", "2": "保密"}
_FIELDS: Final = {"name": "姓名", "sex": "性别", "birth_date": "出生日期", "address": "住址"}
_NOT_IN: Final = ("请先登录", "登录已过期", "您的登录还没做完")


class BotFace(Face):
    """Presses and types what a person would."""

    name: ClassVar[str] = "bot"

    def __init__(self, clinic: Clinic) -> None:
        super().__init__(clinic.app.core, clinic.app.database, clinic.clock)
        self.clinic = clinic
        self.people = 0

    async def register(
        self, phone: str = PHONE, *, role: Role = Role.PATIENT, name: str = "王小明", password: str = PASSWORD
    ) -> str:
        chat = await self._begin_registration(_ROLES[role])
        for answer in (phone, name):
            if refused := outcome(await say(chat, answer)):
                return refused
        return await self._end_registration(chat, skip=3, password=password)

    async def register_by_email(
        self, username: str, email: str, *, password: str = PASSWORD, sex: str = "0", age: str = "24"
    ) -> str:
        chat = await self._begin_registration("医生（用邮箱）")
        for answer in (username, email, _SEXES.get(sex, sex), age):
            if refused := outcome(await say(chat, answer)):
                return refused
        return await self._end_registration(chat, skip=0, password=password)

    async def try_login(self, identifier: str = PHONE, password: str = PASSWORD, *, role: Role = Role.PATIENT) -> Any:
        chat = await self._newcomer()
        return outcome(await self._name_account(chat, identifier, role)) or outcome(await say(chat, password)) or chat

    async def try_again(self, times: int, identifier: str, *, role: Role = Role.PATIENT) -> list[str]:
        chat = await self._newcomer()
        await self._name_account(chat, identifier, role)
        return [outcome(await say(chat, f"wrong password {n}")) for n in range(times)]

    async def see(self, login: Login, role: Role = Role.PATIENT) -> Seen | str:
        chat: Chat = login
        screen = await say(chat, "/me")
        if any(text in screen for text in _NOT_IN):
            return OUT
        name = re.search("姓名：(.*)", screen)
        phone = re.search("手机号：([0-9]+)", screen)
        title = re.search("（(患者|医生|工作人员)）", screen)
        assert name is not None, screen
        assert title is not None, screen
        shown = {label: role for role, label in _ROLES.items()}
        return Seen(re.sub("[\u2068\u2069]", "", name[1]), phone[1] if phone else None, shown[title[1]])

    async def log_out(self, login: Login, role: Role = Role.PATIENT) -> str:
        chat: Chat = login
        return OK if "您已退出登录" in await say(chat, "/logout") else OUT

    async def change(self, login: Login, role: Role = Role.PATIENT, *, phone: str = PHONE, **fields: str | None) -> str:
        """One dialog a field; the phone is no part of any."""
        chat: Chat = login
        for field, value in fields.items():
            await chat.send("/cancel")
            await chat.send("/profile")
            await chat.press(_FIELDS[field])
            if value is None:
                await chat.press("清除")
            elif refused := outcome(await say(chat, value)):
                return refused
            await chat.press("保存")
        return OK

    async def _newcomer(self) -> Chat:
        self.people += 1
        return await self.clinic.person(f"来人{self.people}", phone=f"1990000{self.people:04}")

    async def _name_account(self, chat: Chat, identifier: str, role: Role) -> str:
        await chat.send("/login")
        await chat.press(_ROLES[role])
        return await say(chat, identifier)

    async def _begin_registration(self, label: str) -> Chat:
        chat = await self._newcomer()
        await chat.send("/register")
        await chat.press(label)
        await chat.press("我同意")
        return chat

    async def _end_registration(self, chat: Chat, *, skip: int, password: str) -> str:
        for _ in range(skip):
            await chat.press("跳过")
        await chat.press("下一步：设置密码")
        if refused := outcome(chat.screen) or outcome(await say(chat, password)):  # taken by somebody since
            return refused
        await chat.send("/logout")
        return OK


def _patterns() -> dict[str, re.Pattern[str]]:
    patterns = {}
    for key, text in source("zh").items():
        if key.startswith("error.") or key in {"login.failed", "login.suspended"}:
            parts = [re.escape(literal) + (".*?" if blank else "") for literal, blank, _, _ in Formatter().parse(text)]
            patterns[key] = re.compile("".join(parts), re.DOTALL)
    return patterns


_PATTERNS: Final = _patterns()


async def say(chat: Chat, text: str) -> str:
    """Types this; all that the bot has said since."""
    typed = await chat.send(text)
    return "\n".join(message.text for message in chat.visible if message.id > typed.id)


def outcome(said: str) -> str:
    """What the bot says went wrong, as scenarios call it; nothing if nothing did."""
    for key, pattern in _PATTERNS.items():
        if pattern.search(said):
            return _word(key)
    return ""


def _word(key: str) -> str:
    if key in {"login.failed", "login.suspended"}:
        return NO
    _, field, fault = key.split(".", 2)
    if fault in {"throttled", "busy"}:
        return WAIT
    return f"{'taken' if fault == 'taken' else 'bad'} {field}"
