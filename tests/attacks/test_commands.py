"""Commands of others, with everything known of whom they are about, typed by who may not (CONTRACT.md 2, REVIEW.md).

Who may what is walked in tests/faces/test_matrix.py; here nothing of anybody changes and nothing is told.
"""

import asyncio

import pytest

from bot.commands import ADMINS, COMMANDS, DOCTORS
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from tests.attacks.town import Town
from tests.bot.test_reviews import send

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


async def test_who_may_not_learns_and_changes_nothing_by_any_command(town: Town) -> None:
    victim, wang, chen = await town.patient("韩梅梅"), await town.doctor(), await town.admin()
    number, doctor = await send(wang), await town.number_of(wang)
    guest, neighbour, colleague = await town.stranger(), await town.patient(), await town.doctor()
    gone = await town.admin("钱多")
    attackers = (guest, neighbour, colleague, gone)
    theirs = {chat.id for chat in attackers} | {await town.account_of(chat) for chat in attackers[1:]}
    async with town.clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, town.clinic.clock(), Channel.CLI)
        await town.clinic.app.core.accounts.suspend(uow, await town.account_of(gone))
    about = (number, f"{doctor} FAK // 假的", victim.phone)
    closed = {name for name, each in COMMANDS.items() if each.audience in (ADMINS, DOCTORS)}
    assert len(closed) > 12
    before = await town.kept(but=theirs)
    await asyncio.gather(*(_type_all(attacker, sorted(closed), about) for attacker in attackers))
    for attacker in attackers:
        heard = [message.text for message in attacker.messages if message.by_bot]
        for secret in (victim.phone, wang.phone, chen.phone, "韩梅梅", "陈芳", number):
            assert not [said for said in heard if secret in said], secret
    assert await town.kept(but=theirs) == before
    assert "permission.refused" in await town.audited()
    town.check_no_fault()


async def _type_all(attacker: Chat, commands: list[str], about: tuple[str, ...]) -> None:
    for command in commands:
        for which in about:
            await attacker.send(f"/{command} {which}")
            if "取消" in attacker.buttons or "放弃" in attacker.buttons:
                await attacker.send("/cancel")
