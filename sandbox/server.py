"""The sandbox as one HTTP server on this machine: Bot API, control API and page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web
from yarl import URL

from sandbox import bot_api, control, desk, events
from sandbox.bot_api import WORLD
from sandbox.model import Person
from sandbox.params import MAX_BODY
from sandbox.world import DEFAULT_PEOPLE, World

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
PAGE = Path(__file__).parent / "page"
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Served:
    """A running sandbox: its address (without a slash at the end) and its state."""

    url: str
    world: World


@asynccontextmanager
async def serve(
    *,
    port: int = 0,
    token: str | None = None,
    people: Iterable[Person] = DEFAULT_PEOPLE,
    database: Path | None = None,
) -> AsyncIterator[Served]:
    """Serves until the block ends.

    Args:
        port: 0 takes any free one.
        token: the only token that is a bot; None lets every well-formed token be one.
        people: who holds the phones on the page.
        database: an SQLite file of the bot's whose tables the page counts (stored.py).

    Raises:
        OSError: the port is taken.
    """
    world = World.make(token, people)
    world.database = database
    # Whoever is still asking when the sandbox ends waits for updates: there is nothing to be answered.
    runner = web.AppRunner(build_app(world), access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield Served(f"http://{HOST}:{runner.addresses[0][1]}", world)
    finally:
        await world.webhooks.close()
        await runner.cleanup()


def build_app(world: World) -> web.Application:
    """The application around a world."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_only_from_here])
    app[WORLD] = world
    world.webhooks.carry_out = partial(bot_api.carry_out, world)
    bot_api.add_routes(app)
    control.add_routes(app)
    desk.add_routes(app)
    events.add_routes(app)
    app.router.add_get("/", _page)
    app.router.add_get("/page/{name}", _page)
    return app


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses foreign names (DNS rebinding) and foreign pages (cross-site requests): both come from a browser."""
    if _host(f"http://{request.host}") not in _OWN_NAMES:
        return web.Response(status=403, text="The sandbox answers to 127.0.0.1 and localhost only.\n")
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    # A link to the page may stand anywhere; whatever else comes from another site's page is an attempt.
    linked = request.path == "/" and request.method == "GET"
    if (origin is not None and URL(origin).authority != request.host) or not (
        linked or site in {"none", "same-origin"}
    ):
        return web.Response(status=403, text="The sandbox takes requests from its own page only.\n")
    return await handler(request)


def _host(url: str) -> str | None:
    try:
        return URL(url).host
    except ValueError:
        return None


async def _page(request: web.Request) -> web.StreamResponse:
    path = PAGE / request.match_info.get("name", "index.html")
    if path.parent != PAGE or not path.is_file():
        return web.Response(status=404, text="There is nothing here.\n")
    return web.FileResponse(path, headers=_PAGE_HEADERS)
