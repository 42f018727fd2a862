"""What follows from an event in a dialog, before it is carried out."""

from dataclasses import dataclass
from typing import Any, Final

from bot.dialog.draft import Draft
from bot.dialog.events import File, Sent
from bot.dialog.flow import Answers, Step, Value
from bot.dialog.search import Searching
from bot.dialog.view import Screen


@dataclass(frozen=True, slots=True)
class Submission:
    """The last act: what core is to be asked. `secret` is the parsed password, if the flow ends with one."""

    answers: Answers
    secret: Any = None


@dataclass(frozen=True, slots=True)
class Checking:
    """A value that core must agree to before it is taken; if it refuses, `Engine.refuse` says what follows."""

    step: Step
    value: Value


@dataclass(frozen=True, slots=True)
class Taking:
    """A photo that is to be fetched, checked and kept; `photos.took` or `photos.refused` says what follows.

    `late`: it came after a long pause (DIALOGS rule 18).
    """

    step: Step
    event: Sent
    late: bool = False

    @property
    def file(self) -> File:
        """The file it is in."""
        assert self.event.file is not None
        return self.event.file


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an event.

    Args:
        draft: the dialog as it is now; None when it is closed.
        screens: what to show, at most two messages (DIALOGS rule 21).
        submission, checking, searching, taking: what is asked of core before this outcome holds.
        forget: messages of the person to delete: a password (DIALOGS rule 17), a long text (rule 28).
        stale: the event fits nothing that is on the screen; nothing changed.
        closed: the dialog was given up here.
        home: it ended here with nothing changed; on to the screen it was opened from.
        edit: the present screen's message is edited: it was the answer to an earlier message of the same album.
    """

    draft: Draft | None
    screens: tuple[Screen, ...]
    submission: Submission | None = None
    checking: Checking | None = None
    searching: Searching | None = None
    taking: Taking | None = None
    forget: tuple[int, ...] = ()
    stale: bool = False
    closed: bool = False
    home: bool = False
    edit: bool = False


HOME: Final = Outcome(None, (), home=True)
