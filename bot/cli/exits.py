"""What each exit code means, and which fault ends in which."""

from enum import IntEnum
from typing import Final

from bot.cli import late


class Exit(IntEnum):
    """The exit codes of `python -m bot`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    DATABASE = 4
    TOKEN = 5
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818 - the name says what it is
    """The act was refused or found something wrong. The message is one sentence."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


MEANINGS: Final = (
    "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the configuration or a secret is missing or wrong; "
    "4 the database cannot be used; 5 Telegram refused the bot's token; 130 interrupted. "
    "All but 0 come with one sentence on stderr that says how to mend it."
)


def exit_of(error: Exception) -> Exit | None:
    """The exit code of a fault that was foreseen and whose message is one sentence; None of any other."""
    if isinstance(error, Failure):
        return error.code
    settings_error, storage_error = late.families()
    if isinstance(error, settings_error):
        return Exit.CONFIGURATION
    return Exit.DATABASE if isinstance(error, storage_error) else None
