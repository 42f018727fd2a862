"""Forged buttons: a client can send any callback data, of other people's screens too (SECURITY.md Authorisation)."""

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import select

from bot.commands import COMMANDS
from bot.flows import FLOWS
from core.dossiers import Act
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from storage.tables.accounts import sessions
from tests.attacks.town import Town, press, shown_data
from tests.bot.test_reviews import send

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_OUT: Final = ("cmd:logout", "sessions:sure", "switch:")
"""What would end the presser's own login, as it may: what comes after it would be a guest's."""
_ENGINE: Final = ("next", "pick:0", "done", "over")
_ODD: Final = (
    "", ":", "::", "menu", "menu::cmd:start", "menu:-1:cmd:find", "menu:٣:cmd:find", f"menu:{'9' * 40}:cmd:find",
    "menu:\0:cmd", "x" * 64, "菜" * 21, "../../etc:1:cmd:start", "menu:1e3:cmd:find", "{0}:{1}:{2}", "%s:%d:%n",
)  # fmt: skip


async def test_nobody_presses_anothers_buttons(town: Town) -> None:
    """All that was ever shown to others, and what can be made up of it, pressed by those whom it was not for."""
    victim, wang, chen = await town.patient(), await town.doctor(), await town.admin()
    number, patient = await send(wang), await town.number_of(victim)
    shown = shown_data(wang)
    for said in ("/start", "/sessions", "/profile", "/privacy", "/language", "/export", "/cancel", "/password"):
        await victim.send(said)
        shown |= shown_data(victim)
    admins = ("/start", "/queue", f"/history {number}", "/find 李", f"/audit {patient}", f"/suspend {patient} 试一试")
    for said in (*admins, "/cancel", f"/review {number}"):  # what is submitted by a button goes no further
        await chen.send(said)
        shown |= shown_data(chen)
    assert len(shown) > 40
    rests = {data.split(":", 2)[2] for data in shown} | set(_made_up(number, patient)) | await _logins(town)
    forged = [
        *sorted(shown),
        *(odd.replace("{", "{{").replace("}", "}}") for odd in _ODD),
        *(f"menu:{{}}:{rest}" for rest in sorted(rests) if not rest.startswith(_OUT)),
        *(f"{flow}:{{}}:{act}" for flow in FLOWS for act in _ENGINE),
    ]

    guest, neighbour, colleague = await town.stranger(), await town.patient("韩梅"), await town.doctor()
    gone = await town.admin("钱多")
    theirs = {guest.id, *[await town.account_of(chat) for chat in (neighbour, colleague, gone)]}
    theirs |= {chat.id for chat in (neighbour, colleague, gone)}
    await _suspend(town, await town.account_of(gone))
    await guest.send("/start")
    before = await town.kept(but=theirs)

    async def attack(attacker: Chat, tries: list[str]) -> None:
        for data in tries:
            if data.startswith("menu:{}:") and await town.in_dialog(attacker):
                await attacker.send("/cancel")  # in a dialog it would be an old button, and reach nothing
            await press(attacker, data.format(await town.revision(attacker))[:64])
        await attacker.send("/cancel")

    every, some = (colleague, neighbour), (guest, gone)  # a suspended admin's chat is a guest's
    await asyncio.gather(*(attack(chat, forged) for chat in every), *(attack(chat, forged[::3]) for chat in some))
    assert await town.kept(but=theirs) == before
    assert "permission.refused" in await town.audited()
    town.check_no_fault()


async def test_an_admin_presses_what_no_button_ever_was(town: Town) -> None:
    """Forged names of submissions and accounts of any length are answered in words, and decide nothing."""
    wang, chen, zhao = await town.doctor(), await town.admin(), await town.admin("赵敏")
    number = await send(wang)
    await zhao.send(f"/review {number}")
    mine = {chen.id, await town.account_of(chen)}
    before = await town.kept(but=mine)
    odd = ("x" * 46, "９" * 15, "C-" + "0" * 44, f"{number}.{'9' * 30}", "..", "")
    commands = sorted(name for name, each in COMMANDS.items() if each.pressed and "admin" in each.audience)
    acts = [f"review:{act}." for act in (*Act, "agreed", "undone", "open", "history", "queue")]
    for act in (*acts, *(f"{command}:" for command in commands)):
        for which in odd:
            data = f"menu:{await town.revision(chen)}:{act}{which}"
            await press(chen, data.encode()[:64].decode(errors="ignore"))
            await chen.send("/cancel")  # in a dialog the next would be an old button
    await chen.send("/cancel")
    await chen.send("/queue")
    assert f"{await town.number_of(zhao)} 正在审核" in chen.screen
    assert await town.kept(but=mine) == before
    town.check_no_fault()


async def test_buttons_of_an_earlier_screen_do_not_act_again(town: Town) -> None:
    """Replayed presses: each button that was ever shown to the presser themselves, pressed once more at the end."""
    wang, chen = await town.doctor(), await town.admin()
    number = await send(wang)
    await chen.send(f"/review {number}")
    await chen.press("不通过…")
    shown = shown_data(chen)
    for label in ("1", "选好了（1 项）", "跳过", "跳过", "确认不通过"):
        await chen.press(label)
        shown |= shown_data(chen)
    assert f"{number}：" in chen.screen
    before = await town.kept()
    for data in sorted(shown):
        await press(chen, data)
    assert await town.kept() == before
    town.check_no_fault()


def _made_up(number: str, account: str) -> Iterator[str]:
    """What an admin's buttons could say of this submission and account, whether or not they were ever shown."""
    yield from (f"cmd:{name}" for name in COMMANDS)
    for act in (*Act, "agreed", "undone", "open", "history", "queue"):
        yield from (f"review:{act}.{number}.{version}" for version in (1, 2))
    for command in ("find", "audit", "history", "suspend", "restore", "reset", "sessions", "profile", "certificate"):
        yield from (f"{command}:{which}" for which in ("", "0", account, f"0.{account}", number, "erase", "sure"))


async def _logins(town: Town) -> set[str]:
    """The button that ends a login, for every login there is."""
    async with town.clinic.app.database.read() as conn:
        return {f"sessions:end.{sid}" for sid in (await conn.execute(select(sessions.c.id))).scalars()}


async def _suspend(town: Town, account: int) -> None:
    async with town.clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, town.clinic.clock(), Channel.CLI)
        await town.clinic.app.core.accounts.suspend(uow, account)
