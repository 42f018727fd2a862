"""The words of what the outbox sends: a notice, or a card that says what became of its attempt."""

from bot import review_words
from bot.dialog.view import Text, isolated
from bot.granted import Granted
from bot.news import told
from bot.texts import Catalogue, language_of
from core.core import Core
from core.exhibits import EDIT_CARD
from core.notices import NoticeKind
from core.unit import Channel, Clock, UnitOfWork
from storage import chats
from storage.database import Database
from storage.outbox import Due


class Rendering:
    """Gives the text for an outbox row, in the language of whom it is for; None when nobody is to be told any more."""

    def __init__(self, *, database: Database, core: Core, catalogue: Catalogue, granted: Granted, clock: Clock) -> None:
        self._database = database
        self._core = core
        self._catalogue = catalogue
        self._granted = granted
        self._clock = clock

    async def __call__(self, due: Due) -> str | None:
        """The text. Raises what the database and a broken seal raise."""
        async with self._database.read() as conn:
            row = (await chats.get(conn, [due.telegram_user_id])).get(due.telegram_user_id)
            if row and row.blocked_at:
                return None  # left in peace until the next /start (DIALOGS.md)
            language = language_of(row.language if row else None)
            if due.kind != NoticeKind.RESET_GRANTED:
                text = await self._text(UnitOfWork(conn, self._clock(), Channel.BOT), due)
                return self._catalogue.render(text, language)
        async with self._database.write() as conn:
            return await self._granted.ask(conn, due.telegram_user_id, language, self._clock())

    async def _text(self, uow: UnitOfWork, due: Due) -> Text:
        if due.kind == EDIT_CARD:
            record, doctor = await self._core.dossiers.card(uow, int(due.params["submission"]))
            name = isolated(doctor) if doctor else Text("card.erased")
            state = review_words.state_line(record)
            return Text.of("card.changed", submission=record.number, name=name, state=state)
        decision = int(due.params.get("decision", 0))
        messages = await self._core.certificates.messages(uow, [decision] if decision else [])
        return told(due.kind, due.params, messages.get(decision))
