"""What each exit code means, and which fault ends in which."""

import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final


class Exit(IntEnum):
    """The exit codes of every command of the project."""

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
    "4 the database or the photo store cannot be used; 5 Telegram refused the bot's token; 130 interrupted. "
    "All but 0 come with one sentence on stderr that says how to mend it."
)


def exit_of(error: Exception) -> Exit | None:
    """The exit code of a fault that was foreseen and whose message is one sentence; None of any other."""
    if isinstance(error, Failure):
        return error.code
    # Late, because a command that only prints its help should not import what these modules do.
    from core.settings import SettingsError  # noqa: PLC0415
    from storage.errors import StorageError  # noqa: PLC0415

    if isinstance(error, SettingsError):
        return Exit.CONFIGURATION
    return Exit.DATABASE if isinstance(error, StorageError) else None


def carry_out(cli: Callable[..., Any], program: str) -> int:
    """Carries out the command in sys.argv and returns its exit code; what was foreseen is said in one sentence."""
    try:
        cli(prog_name=program)
    except SystemExit as ended:  # how Typer ends, whatever became of it
        return ended.code if isinstance(ended.code, int) else Exit.OK
    except Exception as error:
        code = exit_of(error)
        if code is None:
            raise
        print(error, file=sys.stderr)  # noqa: T201 - the command line's last word
        return code
    return Exit.OK
