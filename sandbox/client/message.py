"""What a person sees of a message, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class SandboxError(AssertionError):
    """What a person wanted to do is not possible, or the bot did not do what was expected. Says what the chat shows."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the person sees it (or saw it, when ``deleted``)."""

    id: int
    sender: str
    by_bot: bool
    text: str
    rows: tuple[tuple[dict[str, Any], ...], ...]
    edited: bool
    deleted: bool
    date: int
    media: dict[str, Any] | None
    album: str | None
    protected: bool
    spoiler: bool
    entities: tuple[dict[str, Any], ...]

    @property
    def buttons(self) -> list[str]:
        """The labels of its inline keyboard, row after row."""
        return [str(button["text"]) for row in self.rows for button in row]

    @classmethod
    def parse(cls, view: dict[str, Any]) -> Message:
        """From the control API's JSON."""
        return cls(
            id=view["id"],
            sender="bot" if view["by_bot"] else view["sender"],
            by_bot=view["by_bot"],
            text=view["text"],
            rows=tuple(tuple(row) for row in view["buttons"]),
            edited=view["edited"],
            deleted=view["deleted"],
            date=view["date"],
            media=view.get("media"),
            album=view["album"],
            protected=view["protected"],
            spoiler=view["spoiler"],
            entities=tuple(view["entities"]),
        )
