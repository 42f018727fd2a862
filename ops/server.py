"""`/healthz`, `/readyz` and `/metrics` of one process, on a port of their own (CONTRACT.md 3.12)."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.exits import Failure
from core.metrics import REGISTRY
from storage.database import Database
from storage.errors import StorageError

ANSWER_SECONDS: Final = 5.0

Troubles = Callable[[], Awaitable[Sequence[str]]]
"""What keeps the process from working now, a sentence each; empty: it works."""
Measure = Callable[[], Awaitable[None]]
"""Brings the metrics up to date that are not counted as they happen."""


@asynccontextmanager
async def operations(
    host: str, port: int, troubles: Troubles, measure: Measure | None = None, *, setting: str
) -> AsyncIterator[int | None]:
    """Answers for as long as it is entered; gives the port. With port 0 there is none, and None is given.

    `setting` names the variable of the port. Raises Failure, one sentence, when the port cannot be had.
    """
    if port == 0:
        yield None
        return
    runner = web.AppRunner(_app(troubles, measure), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            raise Failure(
                f"The operations port {port} on {host} {reason}: end what uses it, or set {setting} to another one "
                "(0: none)."
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def database_troubles(database: Database) -> list[str]:
    """Whether the database answers, and has the tables of this version."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            current = await database.is_current()
    except TimeoutError:
        return [f"The database {database.name} does not answer within {ANSWER_SECONDS:.0f} seconds."]
    except StorageError as error:
        return [str(error)]
    if current:
        return []
    return [f"The tables of {database.name} are not those of this version: run `python -m bot db upgrade`."]


def _app(troubles: Troubles, measure: Measure | None) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        found = await troubles()
        text = "\n".join(found) if found else "ready"
        return web.Response(status=503 if found else 200, text=f"{text}\n")

    async def metrics(_request: web.Request) -> web.Response:
        if measure is not None:
            await measure()
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
