"""The sandbox's own record of a run: every call of the bot, and what each person was shown, in its order."""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

_SHOWING = frozenset({"sendMessage", "editMessageText"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that reached a chat, sent or edited into a message."""

    chat_id: int
    text: str


class Record(deque[dict[str, Any]]):
    """Takes the place of the sandbox's traffic log, which forgets: here a run of hours is whole."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: defaultdict[int, list[Shown]] = defaultdict(list)

    def append(self, call: dict[str, Any], /) -> None:
        """Adds a call, with the answer it got."""
        super().append(call)
        if call["method"] in _SHOWING and call["answer"]["ok"]:
            self.shown[call["chat_id"]].append(Shown(call["chat_id"], call["params"]["text"]))

    def texts(self, chat_id: int) -> list[str]:
        """All that a person was shown, a text as often as it was."""
        return [shown.text for shown in self.shown[chat_id]]
