"""Server-sent events: tells the page what to fetch again."""

from __future__ import annotations

import asyncio

import orjson
from aiohttp import web

from sandbox.bot_api import WORLD
from sandbox.model import Json

BACKLOG = 1000
_KEEP_ALIVE = 20.0


def add_routes(app: web.Application) -> None:
    """Adds ``/sandbox/events``."""
    app.router.add_get("/sandbox/events", _stream)
    app.on_shutdown.append(_end_streams)


async def _stream(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]
    queue: asyncio.Queue[Json] = asyncio.Queue(BACKLOG)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    world.listeners.add(queue)  # before the page hears that it is connected, and looks
    try:
        await response.prepare(request)
        await response.write(b": connected\n\n")
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), _KEEP_ALIVE)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if event["type"] == "end":
                break
            await response.write(b"data: " + orjson.dumps(event) + b"\n\n")
            if queue not in world.listeners:
                break  # it was too slow and has missed something: the page connects again and looks at everything
    except ConnectionError:
        pass  # the page was closed
    finally:
        world.listeners.discard(queue)
    return response


async def _end_streams(app: web.Application) -> None:
    app[WORLD].publish({"type": "end"})
