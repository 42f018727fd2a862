"""Logging: one line an event, no secret and no phone in it, and no line that input could forge (SECURITY.md Secrets).

What other libraries log goes the same way as what we log.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor

from core.metrics import FAULTS
from core.settings import Logging
from storage.cause import PRESENT

_ROOT: Final = logging.getLogger()
# What these say below warnings carries URLs (with the token), whole messages, or is of no use to an operator.
_QUIET: Final = ("telegram", "httpx", "httpcore", "aiohttp", "asyncio", "sqlalchemy", "alembic", "aiosqlite")
_SILENT: Final = ("telegram.ext.AIORateLimiter", "telegram.ext.ExtBot", "telegram.request.BaseRequest")

_SECRETS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"[0-9]{5,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"), lambda _: "<bot token>"),
    (re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), lambda _: "<token>"),
    # What a database's errors quote of the rows they are about: SQLAlchemy's parameters, PostgreSQL's details.
    (re.compile(r"\[parameters: .*\]"), lambda _: "[parameters: <hidden>]"),
    (re.compile(r"\)=\(.*\)"), lambda _: ")=(<hidden>)"),
    (re.compile(r"(Failing row contains )\(.*\)"), lambda found: f"{found[1]}(<hidden>)"),
    (re.compile(r"(://[^:/@\s]*:)[^@/\s]+@"), lambda found: f"{found[1]}<password>@"),
    (
        re.compile(r"(?<![0-9])(?:(?:\+|00)?86[ -]?)?(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})(?![0-9])"),
        lambda found: f"{found[1]}****{found[2]}",
    ),
)
# Line ends and other controls, and what reorders or hides text on a screen.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_TRACES: Final = ("exception", "stack")
_COUNTED: Final = {"warning": "warning", "error": "error", "exception": "error"}


def set_up(settings: Logging) -> None:
    """Sends every log line of this process to stderr, as console lines or JSON. May be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        follow,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[count, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, clean, _renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def count(_logger: Any, method: str, event: EventDict) -> EventDict:
    """A structlog processor: counts what may need somebody. Our own events are sentences without values in them."""
    level = _COUNTED.get(method)
    if level is not None:
        FAULTS.labels(level, str(event["event"])).inc()
    return event


class following:  # noqa: N801 - read as `with following(…)`; a generator would cost each update ten times as much
    """Every line logged inside, tasks started there included, carries the update's id, and so do notices written there.

    None: nothing is known to follow.
    """

    __slots__ = ("_token", "_update_id")

    def __init__(self, update_id: int | None) -> None:
        self._update_id = update_id

    def __enter__(self) -> None:
        self._token = PRESENT.set(self._update_id)

    def __exit__(self, *_: object) -> None:
        PRESENT.reset(self._token)


def tracing() -> bool:
    """Whether the log is to have a line for each step of each update: `logging.level = "debug"`."""
    return _ROOT.isEnabledFor(logging.DEBUG)


def follow(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: names the update that the line is about."""
    update = PRESENT.get()
    if update is not None:
        event.setdefault("update", update)
    return event


def clean(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: masks secrets and phones in every value and key, and escapes what could forge a line."""
    return {_text(key): _trace(value) if key in _TRACES else _clean(value) for key, value in event.items()}


def redact(text: str) -> str:
    """The text without bot tokens, tokens and passwords in URLs, and with phones masked (138****5678)."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, MutableMapping):
        return {_text(key): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    return _text(value)


def _text(value: object) -> str:
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), redact(str(value)))


def _trace(value: Any) -> str:
    # Each line is led by a bar: whatever an error's text says, none of its lines looks like a line of the log.
    return "\n".join(f"  | {_text(line)}" for line in str(value).splitlines())


def _renderer(settings: Logging) -> Processor:
    if settings.format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
