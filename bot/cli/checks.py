"""What `check` looks at, one thing after another: is it there, does it answer, and what mends it."""

import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import aiohttp
from telegram import WebhookInfo
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ExtBot

from bot.telegram import TokenRefused, build_bot, environment_proxy
from bot.webhook import check_webhook_settings
from core.clock import utc_now
from core.exits import Exit, exit_of
from core.settings import Settings, SettingsError, load_secrets, load_settings
from storage import second_factors
from storage.database import Database
from storage.errors import StorageError
from storage.photos import PhotoStore
from storage.reviews import active_admins

_LITTLE_ROOM: Final = 1024**3  # bytes
_CLOCK_SECONDS: Final = 5.0  # the Date header has whole seconds, and an answer takes a while
_ANSWER: Final = aiohttp.ClientTimeout(total=10)


class Level(StrEnum):
    """How good a thing is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing, in one sentence; `code` is what a fault makes of the exit code."""

    thing: str
    level: Level
    sentence: str
    code: Exit = Exit.OK


def ok(thing: str, sentence: str) -> Finding:
    return Finding(thing, Level.OK, sentence)


def warning(thing: str, sentence: str) -> Finding:
    return Finding(thing, Level.WARNING, sentence)


def fault(thing: str, error: Exception | str, code: Exit | None = None) -> Finding:
    foreseen = exit_of(error) if isinstance(error, Exception) else None
    return Finding(thing, Level.FAULT, str(error), code or foreseen or Exit.FAILED)


async def findings() -> AsyncIterator[Finding]:
    """Looks at everything that can be looked at; without a configuration at nothing else. All stays as it is."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield fault("configuration", error)
        return
    yield ok("configuration", "every setting can be used.")
    yield _secrets(settings)
    async for found in _database(settings):
        yield found
    yield await _photos(settings.storage.photos_url)
    yield _room(settings)
    async for found in _telegram(settings):
        yield found


def _secrets(settings: Settings) -> Finding:
    try:
        load_secrets(settings)
        if settings.telegram.mode == "webhook":
            check_webhook_settings(settings.telegram)
    except SettingsError as error:
        return fault("secrets", error)
    return ok("secrets", "the six key rings are there, each strong enough.")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        database = Database(settings.storage.database_url)
    except StorageError as error:
        yield fault("database", error)
        return
    try:
        revision = await database.revision()
        if revision is None and database.path is not None:
            yield warning("database", f"{database.name} is not there yet: the first start makes it.")
        elif not await database.is_current():
            sentence = f"The tables of {database.name} are not those of this version: run `python -m bot db upgrade`."
            yield fault("database", sentence, Exit.DATABASE)
        else:
            yield ok("database", f"{database.name} answers, its tables are at {revision}.")
            async with database.read() as conn:
                admins = len(await active_admins(conn))
                lacking = await second_factors.lacking(conn)
            yield _admins(admins, four_eyes=settings.review.four_eyes)
            if lacking and settings.admins.second_factor == "required":
                yield _lacking(lacking)
    except StorageError as error:
        yield fault("database", error)
    finally:
        await database.dispose()


def _admins(count: int, *, four_eyes: bool) -> Finding:
    if count == 0:
        return warning("admins", "nobody can decide on certificates: run `python -m bot admin create`.")
    if four_eyes and count < 2:
        return warning(
            "admins",
            "review.four_eyes needs a second admin, else nothing is approved: run `python -m bot admin create`.",
        )
    return ok("admins", f"{count} active.")


def _lacking(count: int) -> Finding:
    return warning(
        "codes",
        f"active admins without a second factor, who cannot log in: {count}. `python -m bot admin list` shows who, "
        "`python -m bot admin second-factor` makes one.",
    )


async def _photos(url: str) -> Finding:
    name, content = f"check/{secrets.token_hex(16)}", secrets.token_bytes(64)
    try:
        store = PhotoStore(url)
        await store.put(name, content)
        same = await store.get(name) == content
        await store.delete(name)
    except StorageError as error:
        mend = " Look at its bucket, and at AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        return fault("photos", f"{error}{mend if url.startswith('s3://') else ''}", Exit.DATABASE)
    if not same:
        return fault("photos", f"The photo store {url} gave back something else than was put in.")
    return ok("photos", f"{url} takes, gives back and deletes.")


def _room(settings: Settings) -> Finding:
    database_url, photos_url = settings.storage.database_url, settings.storage.photos_url
    folder = photos_url.removeprefix("file://")
    places = [] if "://" in folder else [Path(folder)]
    try:
        path = Database(database_url).path
    except StorageError:  # told of already
        path = None
    places += [path] if path else []
    free = min((shutil.disk_usage(_existing(place)).free for place in places), default=None)
    if free is None:
        return ok("disk", "nothing of the bot's lies on this machine.")
    sentence = f"{free / 1024**3:.1f} GB are free."
    return ok("disk", sentence) if free >= _LITTLE_ROOM else warning("disk", f"{sentence} Make room before it is full.")


def _existing(place: Path) -> Path:
    return next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    root = settings.telegram.api_url.rstrip("/")
    yield await _clock(root)
    try:
        bot = build_bot(settings.telegram)
    except SettingsError as error:
        yield fault("telegram", error)
        return
    try:
        await bot.initialize()
        yield ok("telegram", f"{root} knows the bot: @{bot.username}.")
        yield _webhook(await bot.get_webhook_info(), settings)
    except InvalidToken:
        yield fault("telegram", str(TokenRefused()), Exit.TOKEN)
    except TelegramError as error:
        reason = str(error).rstrip(".")
        yield fault(
            "telegram",
            f"{root} does not answer as a Bot API server: {reason}. Look at the network, at HTTPS_PROXY where there is "
            "one, and at telegram.api_url.",
        )
    finally:
        await _shut(bot)


async def _shut(bot: ExtBot[int]) -> None:
    await bot.shutdown()
    await bot.request.shutdown()  # the bot itself leaves it open when it was refused


def _webhook(info: WebhookInfo, settings: Settings) -> Finding:
    waiting = f"{info.pending_update_count} updates wait at Telegram."
    if settings.telegram.mode == "polling" and info.url:
        return warning(
            "updates",
            f"a webhook is set, so that nothing is polled: `python -m bot run` takes it away. {waiting}",
        )
    if settings.telegram.mode == "webhook" and info.url != settings.telegram.webhook_url:
        return warning("updates", f"Telegram delivers elsewhere until `python -m bot run` tells it where. {waiting}")
    if settings.telegram.mode == "webhook" and info.last_error_message:
        return warning("updates", f"the last delivery failed: {info.last_error_message}. {waiting}")
    return ok("updates", waiting)


async def _clock(root: str) -> Finding:
    try:
        async with (
            aiohttp.ClientSession(timeout=_ANSWER) as session,
            session.get(root, allow_redirects=False, proxy=environment_proxy(root)) as answer,
        ):
            told = parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, OSError):
        return warning("clock", f"not compared: {root} does not answer.")
    except (KeyError, ValueError):
        return warning("clock", f"not compared: {root} does not tell the time.")
    return _compared(told, utc_now())


def _compared(told: datetime, now: datetime) -> Finding:
    apart = abs((now - told).total_seconds())
    if apart > _CLOCK_SECONDS:
        return fault("clock", f"it is {apart:.0f} seconds off Telegram's: have the machine keep time by NTP.")
    return ok("clock", "agrees with Telegram's.")
