"""Puts the bot together: what starts in which order, and what stops in which."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from socket import socket
from types import TracebackType
from typing import Any, Final, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram.error import InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.catalogue import catalogue_of
from bot.commands import COMMANDS
from bot.desk import Desk
from bot.dialog.engine import Engine
from bot.exports import Exporting
from bot.flows import FLOWS
from bot.gathering import Gathering
from bot.granted import Granted
from bot.hearing import Hearing
from bot.intake import Intake, Polling
from bot.notices import Notices
from bot.outage import Outage
from bot.pace import WORKERS, Pace, Shares
from bot.published import publish
from bot.rendering import Rendering
from bot.runner import Runner
from bot.telegram import RawBot, TokenRefused, build_bot, wait_of
from bot.texts import Catalogue
from bot.webhook import Webhook, check_webhook_settings
from core.clock import utc_now
from core.core import Core
from core.jobs.leading import Leading
from core.jobs.scheduler import Scheduler
from core.jobs.standing import standing
from core.settings import Settings, load_secrets
from core.stopping import DRAIN_SECONDS
from core.unit import Channel, Clock, UnitOfWork
from ops.backlog import measure
from ops.server import database_troubles
from storage.database import Database
from storage.opening import opened_for_bot
from storage.outbox import Due

_ONE_CHAT: Final = timedelta(seconds=1)
"""Telegram takes one message a second in one chat, beside short bursts."""

_log = structlog.get_logger(__name__)


class App:
    """A bot in one process, alone or one of many workers. Entered: it runs; left: it has stopped, and what was begun
    is drained. Entering raises SettingsError, StorageError, TokenRefused or ListenError, each of one sentence.
    """

    database: Database
    core: Core
    bot: ExtBot[int]

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        first_pause: float = 1.0,
        worker: str | None = None,
        webhook_socket: socket | None = None,
    ) -> None:
        """
        Args:
            first_pause: seconds before what is away is tried again; each further pause doubles.
            worker: this process' name in claims, at most 25 characters: no other living one's, but that of the dead
                one whose place it takes. None: a new one.
            webhook_socket: where the webhook listens when others listen there, too.
        """
        self.settings = settings
        self._clock = clock
        self._first_pause = first_pause
        self._worker = worker or secrets.token_hex(8)
        self._webhook_socket = webhook_socket
        self._exits = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._lasting: list[asyncio.Task[None]] = []
        self._polling: Polling | None = None
        self._leading: Leading | None = None
        self._started = False
        self._stop_by: float | None = None

    async def __aenter__(self) -> Self:
        """Starts: settings, database, token, then what handles updates, and what receives them last."""
        async with AsyncExitStack() as exits:
            await self._start(exits)
            self._exits = exits.pop_all()
        self._started = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops in the opposite order: first nothing more is received, then what was received is drained. All parts
        together have DRAIN_SECONDS for it.
        """
        self._started = False
        self._left()  # the time runs from here
        await self._exits.aclose()

    async def troubles(self) -> list[str]:
        """What keeps the bot from working now, a sentence each; none: it works (CONTRACT.md 3.12)."""
        if not self._started:
            return ["The bot is starting or stopping: its log says what it waits for."]
        polls = self._polling is not None and (self._leading is None or self._leading.leads)
        intake = self._polling.troubles if self._polling and polls else []
        stopped = ["A part of the bot has stopped."] if any(task.done() for task in self._tasks) else []
        return [*await database_troubles(self.database), *intake, *stopped]

    async def measure(self) -> None:
        """Brings those metrics up to date that are read from the database, once there is one."""
        if self._started:
            await measure(self.database, self._clock)

    async def wait(self) -> None:
        """Waits until a part of the bot fails and raises its error, TokenRefused for one."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        raise RuntimeError("A part of the bot has stopped by itself.")

    async def idle(self) -> None:
        """Waits until all updates received are handled and shown, exports delivered, and due notices sent."""
        failing, quiet = asyncio.create_task(self.wait()), asyncio.create_task(self._quiet())
        done, pending = await asyncio.wait({failing, quiet}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()

    async def _quiet(self) -> None:
        await self._runner.idle()
        await self._exporting.idle()
        await self._notices.idle()

    async def _start(self, exits: AsyncExitStack) -> None:
        settings = self.settings
        keys = load_secrets(settings)
        self.bot = build_bot(settings.telegram)
        if settings.telegram.mode == "webhook":
            check_webhook_settings(settings.telegram)

        self.database = await exits.enter_async_context(opened_for_bot(settings.storage.database_url))
        self.core = Core(settings, keys)
        exits.callback(self.core.close)
        exits.push_async_callback(self.bot.request.shutdown)  # the bot itself leaves it open when it was refused
        exits.push_async_callback(self.bot.shutdown)
        await self._meet()

        raw = RawBot(self.bot)
        catalogue = catalogue_of(settings)
        desk = _desk(settings, catalogue, self.bot.username)
        render = Rendering(
            database=self.database,
            core=self.core,
            catalogue=catalogue,
            granted=Granted(self.core, desk),
            clock=self._clock,
        )
        self._notices = Notices(
            database=self.database,
            bot=raw,
            clock=self._clock,
            render=render,
            unreached=self._unreached,
            apart=_ONE_CHAT if settings.telegram.messages_per_second else timedelta(0),
        )
        self._runner = Runner(
            database=self.database,
            core=self.core,
            bot=raw,
            desk=desk,
            clock=self._clock,
            worker=self._worker,
        )
        receive = self._runner.receive
        if settings.telegram.mode == "webhook":
            receive = Gathering(receive).receive
        intake = Intake(sealer=self.core.inbox_sealer, bot_id=self.bot.id, clock=self._clock, receive=receive)
        self._exporting = Exporting(
            database=self.database,
            core=self.core,
            bot=raw,
            clock=self._clock,
            catalogue=catalogue,
            holder=self._worker,
        )
        exits.push_async_callback(self._drain)
        if self.database.dialect == "postgresql":
            await self._join_others()
        self._lasting.append(self._run(self._runner.run()))
        self._run(self._exporting.run())
        self._run(self._notices.run())
        jobs = Scheduler(self.database, standing(self.core), clock=self._clock, holder=self._worker)
        self._run(jobs.run())
        await _publish(raw, catalogue)
        await self._receive(exits, raw, intake)
        _log.info("The bot runs", bot=self.bot.username, mode=settings.telegram.mode, database=self.database.name)

    async def _join_others(self) -> None:
        """What other workers on the database make necessary; they see this one before it takes anything up."""
        wakes: dict[str, Callable[[bool], None]] = {
            "inbox": lambda own: None if own else self._runner.hear(),
            "outbox": lambda _own: self._notices.wake(),
            "export_jobs": lambda _own: self._exporting.wake(),
        }
        pace, shares = self.bot.rate_limiter, None
        if isinstance(pace, Pace):
            shares = counting = Shares(self.database, pace, clock=self._clock, worker=self._worker)
            wakes[WORKERS] = lambda _own: counting.recount()
        hearing = Hearing(self.database, wakes)
        self._lasting.append(self._run(hearing.run()))  # others see that we live until all is drained
        await hearing.begun()
        self._lasting.append(self._run(self._runner.renew()))
        if shares:
            self._lasting.append(self._run(shares.run()))

    async def _unreached(self, conn: AsyncConnection, due: Due) -> None:
        if due.account_id is not None:
            uow = UnitOfWork(conn, self._clock(), Channel.BOT)
            await self.core.reviews.unreached(uow, due.account_id, due.created_at)

    async def _meet(self) -> None:
        """Asks Telegram who we are, waiting for a server that is away. Raises TokenRefused."""
        outage = Outage(first=self._first_pause)
        while True:
            try:
                await self.bot.initialize()
            except InvalidToken:
                raise TokenRefused from None  # the library's error carries the token
            except RetryAfter as error:
                await asyncio.sleep(wait_of(error).total_seconds())
            except TelegramError as error:
                await outage.pause("The Bot API server is away; trying again", error=str(error))
            else:
                outage.over("The Bot API server answers")
                return

    async def _receive(self, exits: AsyncExitStack, raw: RawBot, intake: Intake) -> None:
        if self.settings.telegram.mode == "webhook":
            webhook = Webhook(
                bot=raw,
                intake=intake,
                settings=self.settings.telegram,
                first_pause=self._first_pause,
                shared=self._webhook_socket,
            )
            await exits.enter_async_context(webhook)  # listens before Telegram is told to deliver
            await webhook.register()
            return
        self._polling = Polling(bot=raw, intake=intake, first_pause=self._first_pause)
        polling = self._polling.run
        if self.database.dialect == "postgresql":  # Telegram refuses two that poll at a time
            self._leading = Leading(self.database, "polling", polling, clock=self._clock, holder=self._worker)
            polling = self._leading.run
        exits.push_async_callback(self._ended, self._run(polling()))

    def _run(self, part: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(part)
        self._tasks.append(task)
        return task

    async def _drain(self) -> None:
        """Ends all parts side by side; what the runner needs, or counts it, lasts until it has stopped."""
        others = [task for task in self._tasks if task not in self._lasting]
        await asyncio.gather(self._runner.stop(self._left()), self._ended(*others))
        await self._ended(*self._lasting)

    async def _ended(self, *tasks: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._left())
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # `wait` has raised it to whoever asked; here it is only marked as seen

    def _left(self) -> float:
        """Seconds that the parts still have to stop; counted from the first time that one is asked to."""
        now = asyncio.get_running_loop().time()
        if self._stop_by is None:
            self._stop_by = now + DRAIN_SECONDS
        return max(0.0, self._stop_by - now)


async def _publish(raw: RawBot, catalogue: Catalogue) -> None:
    try:
        await publish(raw, catalogue)
    except TelegramError as error:  # the bot works without its command list
        _log.warning("The command list could not be published", error=str(error))


def _desk(settings: Settings, catalogue: Catalogue, username: str) -> Desk:
    engine = Engine(timedelta(minutes=settings.dialogs.idle_minutes), catalogue.labels)
    return Desk(engine=engine, catalogue=catalogue, commands=COMMANDS, flows=FLOWS, username=username)
