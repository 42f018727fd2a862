"""A dialog somebody is in the middle of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict

from bot.dialog.flow import Answers, Value
from bot.dialog.search import Found
from bot.dialog.view import Text


class Part(TypedDict):
    """One message of a long text."""

    message_id: int
    text: str


class Received(TypedDict):
    """One message of a photo: the photo as it is kept, or the problem with it, `packed`."""

    message_id: int
    album: str
    photo: Value
    problem: Any


@dataclass(frozen=True, slots=True)
class Draft:
    """An open dialog. It never holds a password (DIALOGS.md).

    Args:
        flow, version: which flow, as of which version, the answers were given to.
        step: the key of the pending question, or `review`.
        answers: parsed values by step key; None where an optional step was skipped.
        found: what there is to pick from at the pending question, where people search for it.
        parts: the messages that a long text came in.
        picked: what is put on at a question that several options answer; None before anything was pressed there.
        page: which page of those options is shown.
        received: the photos that were sent to the question that waits for them.
        present: what stands today, by step key, in a dialog that changes it (DIALOGS rule 8).
        touched_at: when its person last did something in it (aware UTC).
        tries: wrong answers to the pending question so far.
        editing: the pending question was opened from the review and returns to it.
        asking: a question about the dialog itself is pending, not its step's: `offer`, or `leave:COMMAND`.
        then: the command the person was on the way to when this dialog came first (DIALOGS rule 25).
        then_for: the account that command, or the kept dialog, is for; None when any will do.
        kept: the dialog that was interrupted by this one, a login: it goes on afterwards (DIALOGS rule 25).
    """

    flow: str
    version: int
    step: str
    answers: Answers
    touched_at: datetime
    tries: int = 0
    editing: bool = False
    asking: str = ""
    then: str = ""
    then_for: int | None = None
    kept: "Draft | None" = None
    present: Answers = field(default_factory=dict)
    found: Found | None = None
    parts: list[Part] = field(default_factory=list)
    picked: list[Value] | None = None
    page: int = 0
    received: list[Received] = field(default_factory=list)

    @property
    def long_text(self) -> str:
        """What the messages of a long text say together."""
        return "\n".join(part["text"] for part in self.parts)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered yet."""
        return not (self.answers or self.parts or self.received)

    def to_json(self) -> dict[str, Any]:
        """What is kept, sealed, between two messages."""
        return {
            "flow": self.flow,
            "version": self.version,
            "step": self.step,
            "answers": dict(self.answers),
            "touched_at": self.touched_at.isoformat(),
            "tries": self.tries,
            "editing": self.editing,
            "asking": self.asking,
            "then": self.then,
            "then_for": self.then_for,
            "kept": self.kept.to_json() if self.kept else None,
            "present": dict(self.present),
            "found": self.found,
            "parts": list(self.parts),
            "picked": None if self.picked is None else list(self.picked),
            "page": self.page,
            "received": list(self.received),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Draft":
        """The draft again, from what `to_json` gave."""
        interrupted = kept.get("kept")
        return cls(
            **{
                **kept,
                "touched_at": datetime.fromisoformat(kept["touched_at"]),
                "kept": cls.from_json(interrupted) if interrupted else None,
            }
        )

    def leading_on(self, way: "Draft") -> "Draft":
        """The same dialog, on the way to where that one was leading."""
        return replace(self, then=way.then, then_for=way.then_for, kept=way.kept)


def packed(text: Text) -> Any:
    """A text as JSON keeps it; `unpacked` gives it again."""
    params = {name: packed(value) if isinstance(value, Text) else value for name, value in text.params.items()}
    return [text.key, params]


def unpacked(kept: Any) -> Text:
    """The text that `packed` made this of."""
    key, params = kept
    return Text(key, {name: unpacked(value) if isinstance(value, list) else value for name, value in params.items()})
