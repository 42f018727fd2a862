"""The control API under ``/sandbox``: people and what they do, for the page and for tests. JSON in, JSON out."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from sandbox.acts import Phone
from sandbox.bot_api import WORLD, json_response
from sandbox.errors import ApiError, bad_request
from sandbox.model import Bot, Json, Message, Person
from sandbox.params import Params, Upload, read_params
from sandbox.pictures import image_type
from sandbox.view import chat_view
from sandbox.waiting import QUIET, answered, called, confirmed
from sandbox.world import Act, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ActResult = tuple[Message | None, Act | None]


def add_routes(app: web.Application) -> None:
    """Adds the control API to an application that holds a world."""
    app.router.add_get("/sandbox/people", answering(_list_people))
    app.router.add_post("/sandbox/people", answering(_add_person))
    app.router.add_patch("/sandbox/people/{person}", answering(_change_person))
    app.router.add_get("/sandbox/people/{person}/chat", answering(_chat))
    app.router.add_post("/sandbox/people/{person}/{act}", answering(_act))
    app.router.add_get("/sandbox/acts/{update}", answering(_wait))
    app.router.add_get("/sandbox/files/{file_id}", _file)


def answering(function: Callable[[World, web.Request, Params], Awaitable[Any]]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return json_response(await function(request.app[WORLD], request, await read_params(request)))
        except ApiError as error:
            return json_response(error.as_answer(), error.status)

    return handle


def chosen_bot(world: World, params: Params) -> Bot:
    """The bot that is meant by ``bot`` (its id), else the newest."""
    bot_id = params.integer("bot")
    for bot in world.bots.values():
        if bot.id == bot_id:
            return bot
    newest = world.newest_bot()
    if bot_id or newest is None:
        raise ApiError(409, "no such bot has called yet: start one against this address first")
    return newest


def _person(world: World, request: web.Request) -> Person:
    return world.person(int(request.match_info["person"]) if request.match_info["person"].isdecimal() else 0)


# People.


def _person_view(person: Person) -> Json:
    return {**person.as_user(), "phone": person.phone, "note": person.note, "deactivated": person.deactivated}


async def _list_people(world: World, _request: web.Request, _params: Params) -> Any:
    return [_person_view(person) for person in world.people.values()]


async def _add_person(world: World, _request: web.Request, params: Params) -> Any:
    person = Person(
        params.integer("id") or next(world.person_ids),
        params.text("first_name", "Someone"),
        params.text("language_code", "zh-hans"),
        params.text("phone"),
        params.text("note"),
    )
    if person.id in world.people:
        raise bad_request("somebody has this id already")
    world.people[person.id] = person
    world.publish({"type": "people"})
    return _person_view(person)


async def _change_person(world: World, request: web.Request, params: Params) -> Any:
    person = _person(world, request)
    for name in ("first_name", "language_code", "phone", "note"):
        if name in params.values:
            setattr(person, name, params.text(name))
    if "deactivated" in params.values:
        person.deactivated = params.flag("deactivated")
    world.publish({"type": "people"})
    return _person_view(person)


async def _chat(world: World, request: web.Request, params: Params) -> Any:
    """The chat; with ``seen``, when the bot has made more calls there than that, or after ``timeout`` seconds."""
    bot = chosen_bot(world, params)
    chat = world.open_chat(bot, _person(world, request))
    if "seen" in params.values:
        with suppress(TimeoutError):
            await asyncio.wait_for(called(chat, params.integer("seen")), params.number("timeout", 10.0))
    return chat_view(world, bot, chat)


# What people do.


async def _act(world: World, request: web.Request, params: Params) -> Any:
    """Does it; with ``until`` waits for the bot as ``/sandbox/acts`` does, and tells how the chat looks then."""
    act = _ACTS.get(request.match_info["act"])
    if act is None:
        raise ApiError(404, f"Not Found: people do one of {', '.join(_ACTS)}")
    phone = Phone(world, chosen_bot(world, params), _person(world, request))
    done = act(phone, params)
    message, made = await done if inspect.isawaitable(done) else done
    result: Json = {"message_id": message.id if message else None, "update_id": made.update.id if made else None}
    if "until" in params.values:
        if made:
            await _waited(made, params)
        result["chat"] = chat_view(world, phone.bot, phone.chat)
    return result


def _send(phone: Phone, params: Params) -> ActResult:
    return phone.send_text(params.text("text"), params.objects("entities", "entities"))


def _edit(phone: Phone, params: Params) -> ActResult:
    return phone.edit(params.integer("message_id"), params.text("text"))


def _press(phone: Phone, params: Params) -> ActResult:
    press = phone.press_stale if params.flag("stale") else phone.press
    return press(params.integer("message_id"), params.text("callback_data"))


def _contact(phone: Phone, params: Params) -> ActResult:
    card = params.mapping("contact", "contact")
    if card:
        return phone.share_card(card)
    of = params.integer("of")
    return phone.share_contact(phone.world.person(of) if of else None)


def _file_act(kind: str) -> Callable[[Phone, Params], Awaitable[ActResult]]:
    async def send(phone: Phone, params: Params) -> ActResult:
        upload = params.uploads.get("file")
        if upload is None:
            raise bad_request("there is no file in the request")
        return await phone.send_file(
            kind,
            Upload(params.text("name") or upload.name, upload.content, upload.mime),
            caption=params.text("caption"),
            album=params.text("album"),
            spoiler=params.flag("spoiler"),
        )

    return send


async def _album(phone: Phone, params: Params) -> ActResult:
    """The files in the order of the request, under any names."""
    kind = params.text("kind", "photo")
    if kind not in {"photo", "document"}:
        raise bad_request("kind is one of photo, document")
    uploads = list(params.uploads.values())
    return await phone.send_album(kind, uploads, caption=params.text("caption"), spoiler=params.flag("spoiler"))


def _other(phone: Phone, params: Params) -> ActResult:
    return phone.send_other(params.text("kind"))


def _block(phone: Phone, _params: Params) -> ActResult:
    return None, phone.set_blocked(True)


def _unblock(phone: Phone, _params: Params) -> ActResult:
    return None, phone.set_blocked(False)


def _group(phone: Phone, params: Params) -> ActResult:
    return phone.write_in_group(params.text("title", "Group"), params.text("text"))


_ACTS: dict[str, Callable[[Phone, Params], ActResult | Awaitable[ActResult]]] = {
    "send": _send,
    "edit": _edit,
    "press": _press,
    "contact": _contact,
    "photo": _file_act("photo"),
    "document": _file_act("document"),
    "album": _album,
    "other": _other,
    "block": _block,
    "unblock": _unblock,
    "group": _group,
}


async def _wait(world: World, request: web.Request, params: Params) -> Any:
    """Waits for the bot: ``until=confirmed``, or ``until=answered`` and still for ``quiet`` seconds."""
    update_id = request.match_info["update"]
    act = world.acts.get(int(update_id)) if update_id.isdecimal() else None
    if act is None:
        raise ApiError(404, "Not Found: no such update")
    await _waited(act, params)
    return {"ok": True}


async def _waited(act: Act, params: Params) -> None:
    """``until=nothing`` does not wait at all.

    Raises:
        ApiError: 504 when the bot is not done in ``timeout`` seconds.
    """
    until = params.text("until")
    if until == "nothing":
        return
    done = confirmed(act) if until == "confirmed" else answered(act, params.number("quiet", QUIET))
    try:
        await asyncio.wait_for(done, params.number("timeout", 10.0))
    except TimeoutError:
        raise ApiError(504, "the bot did not answer in time") from None


async def _file(request: web.Request) -> web.Response:
    """A file for the page. What is not a picture is only ever saved, never opened in the page's origin."""
    file_id = request.match_info["file_id"]
    for bot in request.app[WORLD].bots.values():
        if file_id in bot.files:
            content = bot.files[file_id].content
            kind = image_type(content)
            headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
            if kind is None:
                headers["Content-Disposition"] = "attachment"
            return web.Response(body=content, content_type=kind or "application/octet-stream", headers=headers)
    return json_response({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
