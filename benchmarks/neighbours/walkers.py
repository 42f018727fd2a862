"""People who do one thing again and again, each act a moment after the answer to the last has come."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

import orjson

_PASSWORD: Final = "benchmark neighbour"
_FIRST: Final = 500_000_000  # their ids are far from those of the crowd
_EACH: Final = 3  # photos of one sending, fewer than it takes
FILE: Final = "photo"
"""What the server calls every photo."""
_DATE: Final = 1_790_000_000
_THINKS: Final = 0.1
"""Seconds. At once they would write while the answer's second call is still on its way, as nobody can."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What a person sends, None being a photo, and a piece of the answer to it.

    Args:
        counts: this is what is measured.
        press: it is a button under the last answer.
    """

    text: str | None
    answer: str
    counts: bool = False
    press: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """What somebody does at first, and then for ever."""

    first: tuple[Act, ...]
    again: tuple[Act, ...]


def logging_in(number: int) -> Walk:
    """A patient who logs out and in."""
    phone = f"139{number:08d}"
    login = (
        Act("/logout", "已退出登录"),
        Act("/login", "什么身份"),
        Act("患者", "手机号或邮箱"),
        Act(phone, "请输入密码"),
        Act(_PASSWORD, "登录成功", counts=True),
    )
    return Walk(_registering("患者", phone), login)


def sending_photos(number: int) -> Walk:
    """A doctor who sends photos of a certificate and then thinks better of it."""
    photos = (Act(None, f"已收到 {count} 张", counts=True) for count in range(1, _EACH + 1))
    again = (
        Act("/certificate", "提交证件"),
        Act("提交证件", "请发证件照片", press=True),
        *photos,
        Act("/cancel", "已停止"),
    )
    return Walk(_registering("医生", f"137{number:08d}"), again)


def _registering(role: str, phone: str) -> tuple[Act, ...]:
    return (
        Act("/register", "（1/"),
        Act(role, "（2/"),
        Act("我同意", "（3/"),
        Act(phone, "（4/"),
        Act("王小明", "（5/"),
        Act("跳过", "（6/"),
        Act("跳过", "（7/"),
        Act("跳过", "请核对"),
        Act("下一步：设置密码", "密码", press=True),
        Act(_PASSWORD, "已注册好"),
    )


class Walker:
    """One such person."""

    def __init__(self, number: int, walk: Walk, size: int, deliver: Callable[[bytes], None]) -> None:
        """`size` is that of a photo in bytes; `deliver` gets the JSON of an update, which begins with its id."""
        self.id = _FIRST + number
        self.settled = False
        self.counted = 0
        self.heard = ""
        self._acts = self._through(walk)
        self._message_id = 0
        self._screen: tuple[int, Any] = (0, None)
        self._user = {"id": self.id, "is_bot": False, "first_name": "小明", "language_code": "zh-hans"}
        self._chat = {"id": self.id, "type": "private", "first_name": "小明"}
        self._deliver = deliver
        self._size = size
        self._waits_for: Act | None = None
        self._walks = False

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come."""
        return self._waits_for is not None

    def walk(self) -> None:
        """Goes on until told to rest."""
        self._walks = True
        if self._waits_for is None:
            self._next()

    def rest(self) -> None:
        """Sends nothing after the next answer."""
        self._walks = False

    def answered(self, message_id: int, text: str, markup: Any) -> None:
        """Hears a message of the bot, with the buttons under it."""
        act, self.heard = self._waits_for, text
        if act is None or act.answer not in text:
            return
        self._screen = message_id, markup
        self.counted += act.counts
        self._waits_for = None
        if self._walks:
            asyncio.get_running_loop().call_later(_THINKS, self._go_on)

    def _go_on(self) -> None:
        if self._walks and self._waits_for is None:
            self._next()

    def _next(self) -> None:
        self._waits_for = act = next(self._acts)
        self._message_id += 1
        update = {"callback_query": self._press(act)} if act.press else {"message": self._message(act.text)}
        self._deliver(orjson.dumps({"update_id": 0, **update}))

    def _message(self, text: str | None) -> Json:
        message: Json = {"message_id": self._message_id, "from": self._user, "chat": self._chat, "date": _DATE}
        if text is None:
            file = {"file_id": FILE, "file_unique_id": FILE, "file_size": self._size, "mime_type": "image/jpeg"}
            return message | {"document": file}
        command = {"entities": [{"type": "bot_command", "offset": 0, "length": len(text)}]} if text[0] == "/" else {}
        return message | {"text": text} | command

    def _press(self, act: Act) -> Json:
        message_id, markup = self._screen
        rows = (orjson.loads(markup) if isinstance(markup, str) else markup)["inline_keyboard"]
        data = next(button["callback_data"] for row in rows for button in row if act.text in button["text"])
        message = {"message_id": message_id, "chat": self._chat, "date": _DATE, "text": self.heard}
        press = {"id": str(self._message_id), "chat_instance": "1", "data": data}
        return press | {"from": self._user, "message": message}

    def _through(self, walk: Walk) -> Iterator[Act]:
        yield from walk.first
        self.settled = True
        yield from cycle(walk.again)
