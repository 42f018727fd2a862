"""The Bot API over HTTP: ``/bot<token>/METHOD`` and ``/file/bot<token>/PATH``."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any

import orjson
from aiohttp import web

from sandbox.described import is_method, problems_of_answer, problems_of_request
from sandbox.errors import ApiError, method_not_found, not_implemented
from sandbox.faults import Fault
from sandbox.methods import METHODS, NAMES, Call
from sandbox.model import Bot, Chat, Json
from sandbox.params import Params, read_params
from sandbox.world import World

WORLD = web.AppKey("world", World)


def add_routes(app: web.Application) -> None:
    """Adds the Bot API to an application that holds a world."""
    app.router.add_route("GET", "/bot{token}/{method}", _handle)
    app.router.add_route("POST", "/bot{token}/{method}", _handle)
    app.router.add_get("/file/bot{token}/{path:.+}", _download)


def json_response(answer: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(answer), status=status, content_type="application/json")


async def _handle(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    try:
        bot = world.bot(request.match_info["token"])
        params = await read_params(request)
        return json_response(await _call(world, bot, request.match_info["method"], params))
    except ApiError as error:
        return json_response(error.as_answer(), error.status)
    except _CutError:
        if request.transport:
            request.transport.abort()
        return web.Response()


class _CutError(Exception):
    """The connection is to be closed without an answer."""


async def _call(world: World, bot: Bot, name: str, params: Params) -> Json:
    call = Call(world, bot, params)
    chat = call.own_chat()
    key = name.lower()
    fault = world.faults.take(key, params.integer("chat_id"))
    started = time.perf_counter()
    answer: Json = {"ok": False, "description": "(connection cut)"}
    with world.watched_call(None if key == "getupdates" else chat):
        try:
            await _fail_before(fault)
            if key not in METHODS:
                raise not_implemented(name) if is_method(name) else method_not_found()
            world.flood.check(key, params.integer("chat_id"))
            result = METHODS[key](call)
            if inspect.isawaitable(result):
                result = await result
            answer = {"ok": True, "result": result}
            world.own_problems += [f"{NAMES[key]}: {problem}" for problem in problems_of_answer(name, result)]
            if fault and fault.kind == "cut_after":
                raise _CutError
        except ApiError as error:
            answer = error.as_answer()
            raise
        finally:
            _log(call, name, chat, answer, time.perf_counter() - started)
    return answer


async def _fail_before(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.seconds:
        await asyncio.sleep(fault.seconds)
    if fault.kind == "error":
        raise fault.error()
    if fault.kind == "cut":
        raise _CutError


def _log(call: Call, name: str, chat: Chat | None, answer: Json, seconds: float) -> None:
    if name.lower() == "getupdates" and answer.get("result") == []:
        return
    problems = problems_of_request(name, call.params.values, call.params.uploads)
    call.world.call_problems += [f"{NAMES.get(name.lower(), name)}: {problem}" for problem in problems]
    files = {key: f"({len(upload.content)} bytes: {upload.name})" for key, upload in call.params.uploads.items()}
    call.world.log(
        {
            "method": NAMES.get(name.lower(), name),
            "chat_id": chat.id if chat else None,
            "params": {**call.params.values, **files},
            "answer": answer,
            "problems": problems,
            "milliseconds": round(seconds * 1000, 1),
        },
    )


async def carry_out(world: World, bot: Bot, body: Json) -> None:
    """A call from the body of a webhook's answer."""
    values = {key: value for key, value in body.items() if key != "method"}
    try:
        await _call(world, bot, str(body["method"]), Params(values))
    except (ApiError, _CutError):
        return  # Telegram tells nobody; the traffic log shows it


async def _download(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    try:
        bot = world.bot(request.match_info["token"])
    except ApiError as error:
        return json_response(error.as_answer(), error.status)
    path = request.match_info["path"]
    file = next((file for file in bot.files.values() if file.path == path), None)
    if file is None:
        return json_response({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
    return web.Response(body=file.content, content_type="application/octet-stream")
