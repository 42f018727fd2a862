"""What each exit code means, and which fault ends in which."""

from enum import IntEnum
from typing import Final

import typer

from bot.telegram import TokenRefused
from bot.webhook import ListenError
from core.settings import SettingsError
from storage.errors import StorageError


class Failure(Exception):  # noqa: N818 - the name says what it is
    """The act was refused or found something wrong. The message is one sentence."""


class Exit(IntEnum):
    """The exit codes of `python -m bot`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    DATABASE = 4
    TOKEN = 5
    INTERRUPTED = 130


MEANINGS: Final = (
    "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the configuration or a secret is missing or wrong; "
    "4 the database cannot be used; 5 Telegram refused the bot's token; 130 interrupted. "
    "All but 0 come with one sentence on stderr that says how to mend it."
)

_FAULTS: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (Failure, Exit.FAILED),
    (ListenError, Exit.FAILED),
    (SettingsError, Exit.CONFIGURATION),
    (StorageError, Exit.DATABASE),
    (TokenRefused, Exit.TOKEN),
)
FORESEEN: Final = tuple(kind for kind, _ in _FAULTS)


def end_with(error: Exception) -> Exit:
    """Says the error's sentence on stderr and returns its exit code. `error` is one of FORESEEN."""
    typer.echo(str(error), err=True)
    return next(code for kind, code in _FAULTS if isinstance(error, kind))
