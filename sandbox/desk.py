"""The control API under ``/sandbox``: bots, their traffic, and what goes wrong on demand."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sandbox.control import answering, chosen_bot
from sandbox.described import VERSION
from sandbox.faults import Fault
from sandbox.flood import Flood
from sandbox.params import Params
from sandbox.stored import MOST_ROWS, newest_rows, row_counts
from sandbox.world import World


def add_routes(app: web.Application) -> None:
    """Adds this half of the control API to an application that holds a world."""
    app.router.add_get("/sandbox/bots", answering(_bots))
    app.router.add_patch("/sandbox/bots/{bot}", answering(_change_bot))
    app.router.add_get("/sandbox/stored", answering(_stored))
    app.router.add_get("/sandbox/stored/{table}", answering(_stored_rows))
    app.router.add_get("/sandbox/traffic", answering(_traffic))
    app.router.add_get("/sandbox/faults", answering(_faults))
    app.router.add_post("/sandbox/faults", answering(_add_fault))
    app.router.add_delete("/sandbox/faults", answering(_clear_faults))
    app.router.add_post("/sandbox/flood", answering(_set_flood))
    app.router.add_post("/sandbox/clock", answering(_set_clock))


async def _bots(world: World, _request: web.Request, _params: Params) -> Any:
    return [
        {
            "id": bot.id,
            "username": bot.username,
            "version": VERSION,
            "pending": len(bot.updates.all()),
            "webhook": bot.webhook.url if bot.webhook else "",
            "revoked": bot.revoked,
        }
        for bot in world.bots.values()
    ]


async def _change_bot(world: World, request: web.Request, params: Params) -> Any:
    """``revoked``: its token stops working; ``repeat``, ``reverse``: how its next updates are delivered."""
    bot = chosen_bot(world, Params({"bot": request.match_info["bot"]}))
    if "revoked" in params.values:
        bot.revoked = params.flag("revoked")
    bot.updates.repeat = params.integer("repeat", bot.updates.repeat)
    bot.updates.hold = params.integer("reverse", bot.updates.hold)
    return {"ok": True}


async def _traffic(world: World, _request: web.Request, params: Params) -> Any:
    after, chat_id = params.integer("after"), params.integer("chat_id")
    return [call for call in world.traffic if call["number"] > after and (not chat_id or call["chat_id"] == chat_id)]


async def _stored(world: World, _request: web.Request, _params: Params) -> Any:
    return await asyncio.to_thread(row_counts, world.database) if world.database else {}


async def _stored_rows(world: World, request: web.Request, params: Params) -> Any:
    """The newest ``limit`` rows of a table, each with its cells."""
    if world.database is None:
        return []
    limit = params.integer("limit", MOST_ROWS)
    rows = await asyncio.to_thread(newest_rows, world.database, request.match_info["table"], limit)
    return [asdict(row) for row in rows]


async def _faults(world: World, _request: web.Request, _params: Params) -> Any:
    return [asdict(fault) for fault in world.faults.pending]


async def _add_fault(world: World, _request: web.Request, params: Params) -> Any:
    world.faults.pending.append(Fault.parse(params.values))
    return {"ok": True}


async def _clear_faults(world: World, _request: web.Request, _params: Params) -> Any:
    world.faults.pending.clear()
    return {"ok": True}


async def _set_flood(world: World, _request: web.Request, params: Params) -> Any:
    """``per_chat``, ``overall``: messages in ``seconds`` from now on; 0 for no limit."""
    per_chat, overall = (max(params.integer(name), 0) for name in ("per_chat", "overall"))
    world.flood = Flood(per_chat, overall, params.number("seconds", 1.0))
    return {"ok": True}


async def _set_clock(world: World, _request: web.Request, params: Params) -> Any:
    world.clock.offset = params.number("offset")
    return {"now": world.clock.now()}
