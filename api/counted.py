"""Counts requests by their route's pattern and how they ended (CONTRACT.md 3.12), never by what was asked."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.metrics import REQUESTS

_NO_ROUTE: Final = "none"  # nothing is there, or it was refused before it came so far
_CUT_OFF: Final = "none"  # whoever asked was gone before there was an answer


class Counted:
    """Before all else, so that what the throttle refuses counts, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One message exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), _CUT_OFF

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            REQUESTS.labels(route, status).observe(time.perf_counter() - began)
