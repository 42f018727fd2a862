"""Made people who walk the bot's dialogs by a known script, and note what they did and what must have come of it.

Each sends every answer once, and the next only after the prompt that must follow: what is lost is waited for in vain.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from sandbox.client import Chat, Sandbox, SandboxError
from tests import pictures
from tests.faults.books import shown
from tests.faults.record import Record

PASSWORD: Final = "correct horse battery"
PATIENCE: Final = 300.0  # a busy machine takes a minute for a start
NOT_KEPT: Final = "照片现在存不下来"
"""The disk is full: its sender is asked to send it again."""
NOT_FETCHED: Final = "照片没能从 Telegram 取下来"
"""Telegram does not give it: so is its sender then."""
OLD_BUTTON: Final = "这个按钮过期了"
PAGE: Final = pictures.jpeg(pictures.page(size=(640, 480), text="certificate"))

Role = Literal["patient", "doctor", "admin"]
Word = Literal["send", "press", "photo"]
Step = tuple[Word, str, str]
"""What is done, with what (a text, a button), and what the bot's next screen says."""


@dataclass
class Person:
    """One person, their chat, and what they know of themselves.

    Attributes:
        database_url: of the bot's database, which says whether all answers have come.
        walked: a piece of each screen that they were to be shown, in order.
        acts: what the audit has to say of them, and how often.
        told: what they are told without asking, by the number of their certificate: its text.
    """

    chat: Chat
    record: Record
    database_url: str
    role: Role
    name: str
    phone: str
    walked: list[str] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    told: dict[str, str] = field(default_factory=dict)
    address: str | None = None

    async def walk(self, *steps: Step) -> None:
        """Does what the script says, a step after the other."""
        for word, what, then in steps:
            before = len(self.record.shown[self.chat.id])
            self.walked.append(then)
            if word == "send":
                await self.chat.send(what, wait=False)
            elif word == "press":
                await self._press(what, then, before)
            else:
                await self.chat.send_photo(PAGE, wait=False)
                while (told := await self.sees(then, NOT_KEPT, NOT_FETCHED, after=before)) != then:
                    self.walked.insert(-1, told)
                    async with asyncio.timeout(PATIENCE):
                        await shown(self.database_url, self.chat.id)  # or its copy would be taken for the next answer
                    await asyncio.sleep(1)
                    before = len(self.record.shown[self.chat.id])
                    await self.chat.send_photo(PAGE, wait=False)
            await self.sees(then, after=before)

    async def _press(self, label: str, then: str, before: int) -> None:
        """The newest button of that name, and once more when that was told to be an old one.

        An answer that a kill had shown twice may lie below the one that was edited since, with its buttons.
        """
        await self.chat.refresh()
        told = len(self.chat.alerts)
        await self.chat.press(label, wait=False)
        for _ in range(int(PATIENCE)):
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.sees(then, after=before)
                    return
            await self.chat.refresh()
            if any(OLD_BUTTON in alert for alert in self.chat.alerts[told:]):
                told = len(self.chat.alerts)
                with suppress(SandboxError):  # it has been answered meanwhile
                    await self.chat.press(label, wait=False)

    async def sees(self, *texts: str, after: int = 0) -> str:
        """Waits until one of these texts was shown, later than so many others; returns which."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for seen in self.record.texts(self.chat.id)[after:]:
                        if found := [text for text in texts if text in seen]:
                            return found[0]
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.chat.refresh()
            raise AssertionError(f"{texts} was waited for in vain\n{self.chat.transcript()}") from None

    async def hurry(self) -> None:
        """Types what a registration asks for all at once, without reading a single question, and stops it."""
        typed = {
            "/register": "（1/9）",
            "患者": "（2/9）",
            "同意": "（3/9）",
            self.phone: "（4/9）",
            self.name: "（5/9，选填）",
            "/cancel": "已停止",
        }
        before = len(self.record.shown[self.chat.id])
        for text, then in typed.items():
            self.walked.append(then)
            await self.chat.send(text, wait=False)
        await self.sees(typed["/cancel"], after=before)

    async def register(self) -> None:
        """As a patient, with a birth date; or as a doctor, with a phone alone."""
        patient = self.role == "patient"
        about_sex: Step = ("press", "女" if patient else "跳过", "（7/9，选填）")
        about_birth: Step = ("send", "1990年1月31日", "") if patient else ("press", "跳过", "")
        review = (
            f"身份：{'患者' if patient else '医生'}\n手机号：{self.phone}（未验证）\n姓名：{self.name}\n邮箱：未填写\n"
            f"性别：{'女' if patient else '未填写'}\n出生日期：{'1990-01-31' if patient else '未填写'}"
        )
        await self.walk(
            ("send", "/register", "（1/9）"),
            ("press", "患者" if patient else "医生", "（2/9）"),
            ("press", "我同意", "（3/9）"),
            ("send", self.phone, "（4/9）"),
            ("send", self.name, "（5/9，选填）"),
            ("press", "跳过", "（6/9，选填）"),
            about_sex,
            (*about_birth[:2], review),
            ("press", "下一步：设置密码", "（9/9）"),
            ("send", PASSWORD, "已注册好"),
        )
        self.acts.update(["account.register", "consent.give"])

    async def change_address(self, address: str) -> None:
        """One field of the profile, from a text typed."""
        await self.walk(
            ("send", "/profile", f"住址：{self.address or '未填写'}"),
            ("press", "住址", "您的住址是？"),
            ("send", address, f"请核对下面的内容。\n\n住址：{address}"),
            ("press", "保存", f"好的，已保存。\n\n这是您的资料。想改哪一项，就点哪一项。\n\n姓名：{self.name}"),
        )
        self.address = address
        self.acts.update(["profile.change"])

    async def log_out(self) -> None:
        """Out of this chat."""
        await self.walk(("send", "/logout", "您已退出登录"))
        self.acts.update(["session.end"])

    async def log_in(self) -> None:
        """Into this chat."""
        await self.walk(
            ("send", "/login", "您以什么身份登录"),
            ("press", {"patient": "患者", "doctor": "医生", "admin": "工作人员"}[self.role], "（2/3）"),
            ("send", self.phone, "（3/3）请输入密码"),
            ("send", PASSWORD, "登录成功"),
        )
        self.acts.update(["login.done"])

    async def submit_certificate(self) -> str:
        """Two photos; gives the number of the attempt."""
        await self.walk(
            ("send", "/certificate", "您还没有提交证件"),
            ("press", "提交证件", "提交证件一共 2 步"),
            ("photo", "", "已收到 1 张"),
            ("photo", "", "已收到 2 张"),
            ("press", "发完了", "证件：2 张照片"),
            ("press", "提交审核", "正在排队等审核"),
        )
        self.acts.update(["certificate.submit"])
        newest = self.record.texts(self.chat.id)[-1]
        return next(word for word in newest.replace("\n", " ").split() if word.startswith("C-"))

    async def start_reviewing(self) -> None:
        """An admin logs in for the first time."""
        await self.log_in()
        await self.walk(("press", "我同意", "已记录您的同意"))
        self.acts.update(["consent.give"])

    async def decide(self, number: str, *, approves: bool) -> None:
        """An admin looks at an attempt, and approves it or asks for better photos."""
        await self.walk(("send", f"/review {number}", f"{number}，"))
        if approves:
            await self.walk(
                ("press", "通过…", "请再看一眼，然后确认"),
                ("press", "确认通过", f"{number}：已通过，医生会收到通知"),
            )
        else:
            await self.walk(
                ("press", "不通过…", "是什么原因？"),
                ("press", "1", "1. 照片模糊（已选）"),
                ("press", "选好了（1 项）", "还要对医生说什么吗？"),
                ("press", "跳过", "要给同事留备注吗？"),
                ("press", "跳过", "原因：照片模糊"),
                ("press", "确认不通过", f"{number}：已请医生重新提交，医生会收到通知"),
            )
        outcome = "certificate.approve" if approves else "certificate.refuse"
        self.acts.update(["certificate.claim", "certificate.see", outcome])


async def arrive(sandbox: Sandbox, record: Record, database_url: str, role: Role, *, name: str, phone: str) -> Person:
    """Somebody new, who has not written yet."""
    return Person(await sandbox.person(name, phone=phone), record, database_url, role, name, phone)
