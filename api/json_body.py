"""JSON as it must be written: in UTF-8 (RFC 8259 8.1; CONTRACT.md 3.12)."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class _Utf8Request(Request):
    async def json(self) -> Any:
        """The body's value. Raises ValueError. From bytes `json` would guess UTF-16 and UTF-32, too."""
        return json.loads((await self.body()).decode("utf-8-sig"))


class JsonRoute(APIRoute):
    """A route whose JSON is UTF-8 and nothing else; a byte order mark before it is passed over."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, given the stricter request."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await handle(_Utf8Request(request.scope, request.receive))

        return handler
