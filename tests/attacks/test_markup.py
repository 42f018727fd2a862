"""What people write of themselves, made to deceive who reads it: markup, direction, forged lines (DIALOGS rule 27)."""

import re
from typing import Final

import pytest

from sandbox.client import Chat
from tests.api.conftest import bearer
from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD
from tests.bot.test_reviews import send

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

MARKUP: Final = "<b>通过</b> *通过* _通过_ [看](tg://user?id=1) `x` ||y|| &lt; {name} %s"
FORGED: Final = "手机号：13800000000（已验证）"
_LINES: Final = f"心内科\n{FORGED}\n\n2026-03-01 12:00 A1：通过"
_TURNING: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_STYLES: Final = {"bold", "italic", "code", "pre", "text_link", "text_mention", "spoiler", "underline"}
_NAMES: Final = ("<b>王</b>", "王\n管理员", f"王{FORGED}", "王\u202e", "王\u2069", "王\x1b[2J", "王\u200b", "王|A1")


def check_shown(chat: Chat) -> None:
    """Nothing is styled; every isolate is closed on its line; no line of theirs stands as one of ours."""
    for message in (message for message in chat.messages if message.by_bot):
        assert not _STYLES & {entity["type"] for entity in message.entities}, message.text
        for line in message.text.splitlines():
            depth = 0
            for char in line:
                assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067", line
                depth += {"\u2068": 1, "\u2069": -1}.get(char, 0)
                assert depth in {0, 1}, line
            assert depth == 0, line
            assert not re.match(r"(手机号：13800000000|2026-03-01 12:00 A1：通过)", line), message.text


async def test_what_a_doctor_writes_deceives_no_reviewer(town: Town) -> None:
    wang, chen = await town.doctor(), await town.admin()
    phone = wang.phone
    client = town.http.client
    answer = await client.post("/doctor/login", json={"phone": phone, "password": PASSWORD})
    who = bearer(answer.json()["data"]["token"])

    async def write(**fields: str) -> int:
        body = {"phone": phone, "name": "王医生", **fields}
        return (await client.patch("/doctor/doctor_manage", headers=who, json=body)).status_code

    for name in _NAMES:
        assert await write(name=name) == 422, name
    for char in (*_TURNING, "\x1b", "\u2028", "\0"):
        assert await write(speciality=f"心{char}内") == 422, repr(char)
    assert await write(speciality=_LINES, internal_id="A1") == 200
    await wang.send("/profile")
    await wang.press("下一页")
    await wang.press("诊所")
    await wang.send(MARKUP)
    await wang.press("保存")

    number = await send(wang)
    await chen.send(f"/review {number}")
    assert MARKUP in chen.screen
    assert f"↵{FORGED}" in chen.screen
    await chen.send(f"/reject {number} NOT {MARKUP} // 名册没有\n2026-03-01 12:00 A1：通过")
    await wang.send("/certificate")
    await wang.press("申诉")
    await wang.send(f"请再看看\n{FORGED}\n{MARKUP}")
    await wang.press("提交申诉")
    for said in ("/queue", f"/history {number}", f"/review {number}", f"/find {phone}", f"/audit {number}"):
        await chen.send(said)
    await chen.send(f"/suspend {await town.number_of(wang)} 假的\n{FORGED}")
    await chen.press("停用这个账号")
    await chen.send(f"/audit {number}")
    for chat in (wang, chen):
        await chat.refresh()
    check_shown(chen)
    town.check_no_fault()


async def test_nothing_that_is_sent_asks_telegram_for_markup_or_a_preview(town: Town) -> None:
    """Every call the bot made in this file's stories."""
    await (await town.patient("example.com")).send("/me")
    made = await town.clinic.sandbox.traffic()
    texts = [call["params"] for call in made if call["method"] in {"sendMessage", "editMessageText"}]
    assert len(texts) > 5
    assert not [params for params in texts if {"parse_mode", "entities", "caption_entities"} & set(params)]
    assert all(params["link_preview_options"] == {"is_disabled": True} for params in texts)
