"""The only code that sends, edits and deletes messages."""

import asyncio
import random
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Protocol, TypedDict

import structlog
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.chart import Bar, Chart, draw
from bot.dialog.view import Button, Drawing, Picture, Rows, Screen, Text
from bot.telegram import NotOurs, SentPhoto, wait_of
from bot.texts import Catalogue, Language
from core.errors import Busy
from core.exhibits import Exhibit
from core.sealing import SealBroken
from storage.errors import StorageError

log: Final = structlog.get_logger(__name__)

_TRIES: Final = 6
_LONGEST_PAUSE: Final = 30.0
_LARGEST_ID: Final = 2**63 - 1  # that can be kept


# Columns that a button has on a phone, by how many stand beside it: clients cut off what is longer (DIALOGS rule 22).
_ROOM: Final = {1: 24, 2: 16, 3: 10, 4: 7}


class Caller(Protocol):
    """What sends a call to the Bot API and gives its result's JSON."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Raises telegram.error.TelegramError."""

    async def send_photos(self, params: Mapping[str, Any], photos: Sequence[SentPhoto]) -> Any:
        """Sends one photo or an album of them; the messages' JSON, a list. Raises telegram.error.TelegramError."""


class PhotoSource(Protocol):
    """What has the photos that are shown."""

    async def small(self, path: str, side: int) -> bytes:
        """A JPEG of the photo of that name, no side longer. Raises StorageError, SealBroken, Busy."""


class Shot(TypedDict):
    """One photo of a call: see `bot.dialog.view.Picture`."""

    path: str
    side: int
    spoiler: bool


class Call(TypedDict):
    """One call still to be made. `screen` marks the message whose buttons are the present ones.

    `shots`: photos to be sent; they are read when they are, and wait nowhere else than in their store.
    `chart`: a picture to be sent, drawn when it is. `about`: submission, version and account, of an attempt shown.
    """

    method: str
    params: dict[str, Any]
    screen: bool
    shots: NotRequired[list[Shot]]
    lost: NotRequired[dict[str, Any]]  # what is sent where some of them cannot be read
    about: NotRequired[list[int]]
    chart: NotRequired[Chart]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply goes.

    Args:
        chat_id: the chat.
        revision: the revision that the shown buttons carry.
        dialog: the open dialog's name for callback data; `menu` when there is none.
        message_id: the message whose buttons were the present ones until now.
        pressed: the message with the button that was pressed, if one was.
    """

    chat_id: int
    revision: int
    dialog: str
    message_id: int | None
    pressed: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a reply: the message with the present buttons, or that the person has blocked the bot.

    `whole`: False when the rest of it is to be tried later, or is another worker's by now; `exhibits`: the messages
    that show an attempt.
    """

    message_id: int | None
    blocked: bool = False
    whole: bool = True
    exhibits: tuple[Exhibit, ...] = ()


def compose(screens: Sequence[Screen], place: Place, catalogue: Catalogue, language: Language) -> list[Call]:
    """The calls that show these screens.

    A pressed button's message is edited into the first screen, so that a menu stays one message; what was typed is
    answered below it. Buttons that are no longer the present ones are taken away (DIALOGS rules 19 and 21).
    """
    texts = [(body(screen, catalogue, language), _markup(screen, place, catalogue, language)) for screen in screens]
    pressed, old = place.pressed, place.message_id
    calls: list[Call] = []
    for number, (text, markup) in enumerate(texts):
        last = number == len(texts) - 1
        pictures = screens[number].pictures
        if pictures:  # the text stands below them, and so in a message of its own
            lost = catalogue.render(Text("photos.unreadable"), language)
            calls.append(_photos(place.chat_id, pictures, lost))
        drawing = screens[number].drawing
        if drawing:
            chart = _chart(drawing, catalogue, language)
            calls.append(Call(method="sendPhoto", params={"chat_id": place.chat_id}, screen=False, chart=chart))
        editable = not (pictures or drawing) and (markup is None or "inline_keyboard" in markup)
        target = pressed if number == 0 else old if last and pressed not in (None, old) else None
        params: dict[str, Any] = {"chat_id": place.chat_id, "text": text}
        if markup is not None:
            params["reply_markup"] = markup
        if target is not None and editable:
            calls.append(Call(method="editMessageText", params={**params, "message_id": target}, screen=last))
        else:
            calls.append(Call(method="sendMessage", params=params, screen=last))
        if shown := screens[number].about:
            about = [shown.submission, shown.version, shown.account]
            for call in calls[-2:] if pictures else calls[-1:]:
                call["about"] = about
    edited = {call["params"].get("message_id") for call in calls}
    leftover = [message for message in dict.fromkeys((pressed, old)) if message is not None and message not in edited]
    # The answer first: a person waits for it, and an old button that is pressed meanwhile does nothing (rule 19).
    return [*calls, *(_without_buttons(place.chat_id, message) for message in leftover)]


async def show(bot: Caller, calls: Sequence[Call], source: PhotoSource) -> Shown:
    """Makes the calls, waiting out what passes. They are given up when Telegram cannot be reached for long, and when
    they are not ours any more (`before_sending`).
    """
    message_id: int | None = None
    exhibits: list[Exhibit] = []
    for call in calls:
        try:
            if "shots" in call:
                shots = await _read(call["shots"], source)
                exhibits += _exhibits(call, images=await _persist(bot, call, shots) if shots else ())
                if len(shots) < len(call["shots"]):  # who decides by them must know that they are not all
                    await _persist(bot, Call(method="sendMessage", params=call["lost"], screen=False))
                continue
            if "chart" in call:
                await _persist(bot, call, [SentPhoto(await asyncio.to_thread(draw, call["chart"]))])
                continue
            made = await _persist(bot, call)
        except Forbidden:
            return Shown(None, blocked=True, exhibits=tuple(exhibits))
        except _GivenUpError:
            if call["method"] == "editMessageReplyMarkup":
                continue  # the answer is there, and an old button does nothing (DIALOGS rule 19): not all of it again
            return Shown(None, whole=False, exhibits=tuple(exhibits))
        if call["screen"] and "inline_keyboard" in call["params"].get("reply_markup", {}):
            message_id = next(iter(made), None)
        exhibits += _exhibits(call, cards=made)
    return Shown(message_id, exhibits=tuple(exhibits))


async def delete(bot: Caller, chat_id: int, message_id: int) -> bool:
    """Deletes a message of the person's; False when it is still there (DIALOGS rule 17)."""
    for pause in (0.5, 1.0, 2.0, 0.0):
        try:
            await bot.call("deleteMessage", {"chat_id": chat_id, "message_id": message_id})
        except BadRequest as error:
            return "not found" in str(error).lower()
        except RetryAfter as error:
            await asyncio.sleep(wait_of(error).total_seconds())
        except NetworkError:
            await asyncio.sleep(pause)
        except TelegramError:
            return False
        else:
            return True
    return False


async def answer(bot: Caller, query_id: str, alert: str | None = None) -> None:
    """Answers a pressed button, with a short notice if there is one. A query that is too old is let be."""
    params = {"callback_query_id": query_id} | ({"text": alert} if alert else {})
    try:
        await bot.call("answerCallbackQuery", params)
    except TelegramError as error:
        log.debug("callback not answered", reason=str(error))


async def busy(bot: Caller, chat_id: int, action: str = "typing") -> None:
    """Shows that slow work is going on (DIALOGS rule 20); nothing hangs on it."""
    try:
        await bot.call("sendChatAction", {"chat_id": chat_id, "action": action})
    except TelegramError as error:
        log.debug("chat action not shown", reason=str(error))


def _exhibits(call: Call, *, images: tuple[int, ...] = (), cards: tuple[int, ...] = ()) -> tuple[Exhibit, ...]:
    if "about" not in call:
        return ()
    submission, version, account = call["about"]
    return (Exhibit(submission, version, account, call["params"]["chat_id"], images, cards),)


class _GivenUpError(Exception):
    """Telegram was away for all tries, or the answer is another worker's to show by now."""


async def _read(shots: Sequence[Shot], source: PhotoSource) -> list[SentPhoto]:
    """The photos as they are sent. One that cannot be read is left out: the text below does not wait for it."""
    read = []
    for shot in shots:
        try:
            read.append(SentPhoto(await _small(shot, source), shot["spoiler"]))
        except (StorageError, SealBroken, Busy) as error:
            log.warning("a photo cannot be shown", path=shot["path"], reason=str(error))
    return read


async def _small(shot: Shot, source: PhotoSource) -> bytes:
    for _ in range(_TRIES):
        with suppress(Busy):
            return await source.small(shot["path"], shot["side"])
        await asyncio.sleep(1)
    return await source.small(shot["path"], shot["side"])


async def _persist(bot: Caller, call: Call, photos: Sequence[SentPhoto] = ()) -> tuple[int, ...]:
    """Makes one call until it is made or refused; the ids of the messages it made or edited."""
    method, params = call["method"], dict(call["params"])
    for attempt in range(_TRIES):
        try:
            result = await (bot.send_photos(params, photos) if photos else bot.call(method, params))
        except NotOurs:
            raise _GivenUpError from None
        except RetryAfter as error:
            await asyncio.sleep(wait_of(error).total_seconds())
        except BadRequest as error:
            if "not modified" in str(error).lower():
                return _message_ids(params)
            if method == "editMessageText":  # the message is gone or too old: the answer is sent anew
                method = "sendMessage"
                params.pop("message_id", None)
                continue
            log.log(_level(method), "call refused", method=method, reason=str(error))
            return ()
        except (NetworkError, TimedOut) as error:
            if attempt == 0:
                log.warning("Telegram cannot be reached; the answer waits", reason=type(error).__name__)
            await asyncio.sleep(min(_LONGEST_PAUSE, 2.0**attempt) * random.uniform(0.5, 1))  # noqa: S311  only spreads load
        except Forbidden:
            raise
        except TelegramError as error:  # nothing that waiting would mend
            log.log(40, "call refused", method=method, reason=str(error))
            return ()
        else:
            return _message_ids(*result) if photos else _message_ids(result if isinstance(result, dict) else params)
    raise _GivenUpError


def _level(method: str) -> int:
    """Buttons that cannot be taken from an old message are nobody's trouble; an answer that is refused is ours."""
    return 10 if method == "editMessageReplyMarkup" else 40


def _message_ids(*messages: Mapping[str, Any]) -> tuple[int, ...]:
    ids = (message.get("message_id") for message in messages)
    return tuple(each for each in ids if isinstance(each, int) and 0 < each <= _LARGEST_ID)


def _without_buttons(chat_id: int, message_id: int) -> Call:
    params = {"chat_id": chat_id, "message_id": message_id, "reply_markup": {"inline_keyboard": []}}
    return Call(method="editMessageReplyMarkup", params=params, screen=False)


def _photos(chat_id: int, pictures: Sequence[Picture], lost: str) -> Call:
    """The call that shows photos, and keeps clients from saving and forwarding them."""
    shots = [Shot(path=each.path, side=each.side, spoiler=each.spoiler) for each in pictures]
    params = {"chat_id": chat_id, "protect_content": True}
    said = {"chat_id": chat_id, "text": lost}
    return Call(method="sendPhoto", params=params, screen=False, shots=shots, lost=said)


def _chart(drawing: Drawing, catalogue: Catalogue, language: Language) -> Chart:
    def said(text: Text) -> str:
        return catalogue.render(text, language)

    return Chart(
        title=said(drawing.title),
        facts=[said(fact) for fact in drawing.facts],
        parts=[said(part) for part in drawing.parts],
        columns=[list(column) for column in drawing.columns],
        ends=[said(end) for end in drawing.ends],
        heading=said(drawing.heading),
        bars=[Bar(label=said(label), count=count) for label, count in drawing.bars],
    )


def body(screen: Screen, catalogue: Catalogue, language: Language) -> str:
    """What a screen reads as in that language. Raises MissingTextError."""

    def lines(paragraph: Text | tuple[Text, ...]) -> str:
        texts = paragraph if isinstance(paragraph, tuple) else (paragraph,)
        return "\n".join(catalogue.render(text, language) for text in texts)

    return "\n\n".join(map(lines, screen.paragraphs))


def _markup(screen: Screen, place: Place, catalogue: Catalogue, language: Language) -> dict[str, Any] | None:
    def label(button: Button) -> str:
        return catalogue.render(button.label, language)

    def data(button: Button) -> str:
        return ":".join(filter(None, (place.dialog, str(place.revision), button.action, button.arg)))

    def fitting(rows: Rows) -> list[Sequence[Button]]:
        """A row with a label that would be cut off becomes as many rows as it has buttons."""
        fitted: list[Sequence[Button]] = []
        for row in rows:
            room = _ROOM.get(len(row), 0)
            fits = all(columns(label(button)) <= room for button in row)
            fitted.extend([row] if fits else [(button,) for button in row])
        return fitted

    if screen.keyboard:
        share = [{"text": catalogue.render(screen.keyboard.share, language), "request_contact": True}]
        others = [[{"text": label(button)} for button in row] for row in fitting(screen.keyboard.buttons)]
        return {"keyboard": [share, *others], "resize_keyboard": True, "one_time_keyboard": True}
    if screen.drop_keyboard:
        return {"remove_keyboard": True}
    rows = [[{"text": label(one), "callback_data": data(one)} for one in row] for row in fitting(screen.buttons)]
    return {"inline_keyboard": rows} if rows else None


def columns(text: str) -> int:
    """How wide that is: a Han character is two columns (DIALOGS rule 22)."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
