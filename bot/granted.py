"""Asks for the new password in the chat that waited: the question is what its notice says (SECURITY.md)."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapter import Arrival, Ignored
from bot.codec import ChatCodec
from bot.desk import Desk
from bot.dialog.engine import Engine
from bot.dialog.view import Text
from bot.flows.forgot import NEW_PASSWORD
from bot.person import Reply
from bot.screen import body
from bot.texts import Language
from core.core import Core
from core.recovery import Purpose
from core.unit import Channel, UnitOfWork
from storage import chats

_NOTICE: Final = Text("notice.reset_granted")


class Granted:
    """Opens the dialog for the new password, where no other is under way and nobody has logged in meanwhile."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk
        self._codec = ChatCodec(core.inbox_sealer, timedelta(hours=core.settings.dialogs.draft_hours))

    async def ask(self, conn: AsyncConnection, person_id: int, language: Language, now: datetime) -> str | None:
        """What is sent there: the question; elsewhere, that /forgot leads to it. None: it is too late to ask.

        Said twice, after a kill, it asks the same again.
        """
        uow = UnitOfWork(conn, now, Channel.BOT)
        waiting = await self._core.recovery.waiting(uow, person_id)
        if waiting is None or not waiting.granted or waiting.purpose is not Purpose.PASSWORD:
            return None
        outcome = Engine.begin(NEW_PASSWORD, now)
        question = body(outcome.screens[0].led_by(Text("forgot.granted")), self._desk.catalogue, language)
        row = (await chats.get(conn, [person_id])).get(person_id)
        signed = (await self._core.sessions.of_people(uow, [person_id])).get(person_id)
        person = self._codec.person(row, Arrival(person_id, None, Ignored()), signed, now)
        if person.draft and person.draft.flow == NEW_PASSWORD.name and person.account_id is None:
            return question
        free = row is not None and row.pending is None and person.draft is None and person.account_id is None
        reply = Reply(outcome.screens, outcome.draft)
        opened = self._codec.row(person, reply, [], now, self._desk.secret_until(reply, now, took=False))
        if free and await chats.save(conn, [opened]):
            return question
        return self._desk.catalogue.render(_NOTICE, language)
