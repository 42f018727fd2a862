"""The HTTP face as one app: its routes, what stands before them, and its description (CONTRACT.md 2, 3)."""

import json
import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from api import auth, certificate, doctor, patient
from api.counted import Counted
from api.edge import Edge
from api.errors import handle_errors
from api.middleware import Guarded, LastResort, Sized, Throttled
from core.core import Core
from core.unit import Clock
from storage.database import Database

_ABOUT = """The medical accounts of a clinic: the routes of three documents, S0 under `/api/`, S1 under `/patient`,
S2 under `/doctor`, over one set of accounts. What one of them makes the others know, and so does the Telegram bot.

Log in, copy the token, press **Authorize**, and try the rest. Every answer of S1 and S2 is `{code, data, msg}` with
`code` 0 on success and the HTTP status otherwise; S0 answers `{message}` when it refuses.
"""

_OPENAPI: Final = "/openapi.json"
_OAUTH: Final = "/docs/oauth2-redirect"
_PARTS: Final = (auth, certificate, patient, doctor)


def create_app(core: Core, database: Database, clock: Clock) -> FastAPI:
    """The app, for any ASGI server. It opens and closes neither the core nor the database."""
    settings = core.settings.api
    app = FastAPIOffline(
        title="Clinic accounts",
        version="1",
        description=_ABOUT,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_parameters={"validatorUrl": None},
        middleware=[
            Middleware(Counted),
            Middleware(Guarded),
            *([_cors(settings.cors_origins)] if settings.cors_origins else []),
            Middleware(Throttled, core.tokens, clock, settings.rate_per_minute),
            Middleware(LastResort),
            Middleware(Sized),
        ],
    )
    app.state.edge = Edge(core, database, clock)
    handle_errors(app)
    for part in _PARTS:
        app.include_router(part.router)
    app.openapi = _described(app)  # type: ignore[method-assign]  # FastAPI's own way to do this
    # The page needs no OAuth, and FastAPI would write the description anew for each who asks.
    app.router.routes[:] = [route for route in app.routes if getattr(route, "path", "") not in {_OPENAPI, _OAUTH}]
    app.add_route(_OPENAPI, _served(app), include_in_schema=False)
    return app


def _served(app: FastAPI) -> Callable[[Request], Awaitable[Response]]:
    """Answers with the description, written once: nobody is counted who asks for it (api.middleware)."""
    written = cache(lambda: JSONResponse(app.openapi()).body)

    async def served(_request: Request) -> Response:
        return Response(written(), media_type="application/json")

    return served


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """FastAPI's own description: with whole examples, it drops each null, and without schemas nothing names."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        routes = (route for part in _PARTS for route in part.router.routes if isinstance(route, APIRoute))
        for route in (route for route in routes if route.include_in_schema):
            for method in route.methods or ():
                described = document["paths"][route.path][method.lower()]["responses"]
                for status, response in route.responses.items():
                    example = response["content"]["application/json"]["example"]
                    described[str(status)]["content"]["application/json"]["example"] = example
        schemas = document["components"]["schemas"]
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
        for name in schemas.keys() - named:  # the core's values, which stand there as plain text and numbers
            del schemas[name]
        return document

    return openapi


def _cors(origins: list[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining"],
    )
