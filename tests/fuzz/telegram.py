"""What Telegram delivers: bodies of the webhook, and updates in every dialog, with anything in their texts."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from bot import adapter
from bot.flows import FLOWS
from bot.intake import has_id, person_of
from bot.person import Person, Reply
from bot.preview.clinic import desk_of
from bot.preview.people import AUDIENCES, person, whose
from bot.preview.samples import NOW
from bot.preview.walk import Stop, stops
from bot.screen import Place, compose
from bot.texts import Catalogue
from tests.fuzz.material import Material

CATALOGUE: Final = Catalogue(
    ZoneInfo("Asia/Shanghai"),
    {"clinic": "仁和诊所", "contact": "010-12345678", "privacy_url": "https://clinic.example/privacy"},
)
DESK: Final = desk_of(CATALOGUE)
ENTITIES: Final = ("bold", "underline", "url", "bot_command", "custom_emoji")


def body(data: bytes) -> None:
    """Any body of the webhook is an update with an id and perhaps a sender, or is none."""
    try:
        update = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    if has_id(update):
        sender = person_of(update)
        assert sender is None or isinstance(sender, int)
        orjson.dumps(update)


def update(data: bytes) -> None:
    """Any update, at any moment of any dialog, is answered with texts and buttons that can be shown."""
    material = Material(data)
    who = _somebody(material)
    arrival = adapter.read(_update(material, who), DESK.username)
    decision = DESK.decide(who, arrival, NOW)
    if isinstance(decision, Reply) and decision.screens:
        for call in compose(decision.screens, Place(who.id, 1, "menu", None, None), CATALOGUE, "zh"):
            assert 0 < len(call["params"].get("text", "-").encode("utf-16-le")) // 2 <= 4096


@cache
def _moments() -> tuple[Stop, ...]:
    return tuple(stop for flow in FLOWS.values() for stop in stops(DESK.engine, flow))


def _somebody(material: Material) -> Person:
    """In no dialog, or in the middle of one, as it is read again from what is kept of it."""
    if not material.yes():
        return person(material.one_of(AUDIENCES))
    moments = _moments()
    stop = moments[(material.number() * 256 + material.number()) % len(moments)]
    who = person(whose(stop.flow))
    draft = type(stop.draft).from_json(stop.draft.to_json())
    return Person(who.id, "zh", revision=3, message_id=1, signed=who.signed, draft=draft, draft_of=who.account_id)


def _update(material: Material, who: Person) -> dict[str, Any]:
    sender = {"id": who.id, "is_bot": False, "first_name": material.text(), "language_code": material.text()}
    kind = material.one_of(("message", "callback_query", "edited_message", "my_chat_member"))
    chat = {"id": who.id, "type": material.one_of(("private", "private", "private", "group"))}
    message = {"message_id": 7, "date": 0, "chat": chat, "from": sender}
    if kind == "callback_query":
        revision = material.one_of(("3", "2", "", material.text()))
        dialog = who.draft.flow if who.draft and material.yes() else material.text()
        made = f"{dialog}:{revision}:{material.text()}"[:64]
        return {"update_id": 1, kind: {"id": "1", "from": sender, "message": {"message_id": 1}, "data": made}}
    if kind == "my_chat_member":
        return {"update_id": 1, kind: {**message, "new_chat_member": {"status": material.one_of(("kicked", "left"))}}}
    return {"update_id": 1, kind: message | dict(_contents(material))}


def _contents(material: Material) -> Iterator[tuple[str, Any]]:
    what = material.one_of(("text", "text", "contact", "photo", "document", "sticker", "pinned_message", "dice"))
    sizes = {"width": material.number(), "height": material.number()}
    file = {"file_id": material.text(), "file_unique_id": "u", "file_size": material.number() * 100_000, **sizes}
    if what == "text":
        yield what, material.text() * max(1, material.number() % 40)
        if material.yes():
            yield "entities", [{"type": material.one_of(ENTITIES), "offset": 0, "length": 1}]
    elif what == "contact":
        yield what, {"phone_number": material.text(), "user_id": material.one_of((100, 101, 102, 103))}
    else:
        yield what, [file, file] if what == "photo" else file
        if material.yes():
            yield "media_group_id", material.text()
            yield "caption", material.text()
