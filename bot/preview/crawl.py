"""Finds every screen that commands and their buttons lead to, by asking core as the bot does, and changing nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.acts import sentence
from bot.adapter import Arrival
from bot.dialog.events import Pressed
from bot.dialog.flow import flow_text
from bot.dialog.view import Screen, Text
from bot.person import GUEST, Ask, Case, Decision, Person, Reply
from bot.preview.clinic import SampleClinic
from bot.preview.people import AUDIENCES, person
from bot.preview.samples import BEHIND, NOW, NoSampleError
from core.errors import CoreError
from core.unit import Channel, UnitOfWork


@dataclass(frozen=True, slots=True)
class Found:
    """A screen, and how one comes to it: who one is, the command, and the labels of the buttons pressed."""

    audience: str
    way: tuple[Text | str, ...]
    person: Person
    reply: Reply

    @property
    def screens(self) -> tuple[Screen, ...]:
        """What is shown."""
        return self.reply.screens


async def crawl(clinic: SampleClinic) -> list[Found]:
    """Every screen of every command for everybody, each once. Raises NoSampleError for a command that needs more."""
    found: list[Found] = []
    async with clinic.database.write() as conn:
        uow = UnitOfWork(conn, NOW, Channel.BOT)
        for audience in AUDIENCES:
            found += await _of(clinic, uow, audience)
        await conn.rollback()
    return found


async def _of(clinic: SampleClinic, uow: UnitOfWork, audience: str) -> list[Found]:
    who = person(audience)
    if audience != GUEST:
        signed = await clinic.core.sessions.of_people(uow, [who.id])
        who = replace(who, signed=signed[who.id])
    found: list[Found] = []
    seen: set[str] = set()
    for name, command in clinic.desk.commands.items():
        for typed in ("", BEHIND.get(name, "")) if audience in command.audience else ():
            way = f"/{name} {typed}".strip()
            reply = await _reply(clinic, uow, who, clinic.desk.open(who, name, uow.now, typed))
            if f"usage.{name}" in _keys(reply) and name not in BEHIND:
                raise NoSampleError(f"what is typed behind /{name}")
            await _follow(clinic, uow, Found(audience, (way,), who, reply), seen, found)
    return found


async def _follow(clinic: SampleClinic, uow: UnitOfWork, here: Found, seen: set[str], found: list[Found]) -> None:
    shape = _shape(here.reply)
    if shape in seen or not here.reply.screens:
        return
    seen.add(shape)
    found.append(here)
    if here.reply.draft or here.reply.signed_out:
        return  # dialogs are walked by bot/preview/walk.py
    for row in here.screens[-1].buttons:
        for button in row:
            press = Pressed("menu", here.person.revision, button.action, button.arg, here.person.message_id, "query")
            decision = clinic.desk.decide(here.person, Arrival(here.person.id, None, press), uow.now)
            reply = await _reply(clinic, uow, here.person, decision)
            await _follow(clinic, uow, replace(here, way=(*here.way, button.label), reply=reply), seen, found)


async def _reply(clinic: SampleClinic, uow: UnitOfWork, who: Person, decision: Decision) -> Reply:
    """What that is answered with; whatever it has written is taken back."""
    if isinstance(decision, Reply):
        return decision
    assert isinstance(decision, Ask), decision
    async with _taken_back(uow.conn):
        try:
            return await decision.act(Case(clinic.core, uow, who, clinic.files))
        except CoreError as problem:
            return clinic.desk.said(who, sentence(problem))


@asynccontextmanager
async def _taken_back(conn: AsyncConnection) -> AsyncIterator[None]:
    savepoint = await conn.begin_nested()
    try:
        yield
    finally:
        await savepoint.rollback()


def _shape(reply: Reply) -> str:
    """What makes a screen another one: its texts and buttons, whatever is in their blanks; a dialog by its name."""
    if reply.draft:
        return flow_text("title", reply.draft.flow).key + reply.draft.flow
    buttons = {button.label.key for screen in reply.screens for row in screen.buttons for button in row}
    return repr((list(dict.fromkeys(_keys(reply))), sorted(buttons)))


def _keys(reply: Reply) -> list[str]:
    return [key for screen in reply.screens for key in screen.text_keys()]
