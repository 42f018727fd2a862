"""What a person is to see, before it has a language: texts by key, buttons by act."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeAlias

Param: TypeAlias = "str | int | date | datetime | Text"


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the catalogue and what goes into its blanks; blanks may be texts themselves."""

    key: str
    params: Mapping[str, Param] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, **params: Param) -> "Text":
        """`Text.of("hello", name=name)`: the same, written shorter."""
        return cls(key, params)

    def text_keys(self) -> list[str]:
        """Its own key, and those of the texts in its blanks."""
        inner = (value.text_keys() for value in self.params.values() if isinstance(value, Text))
        return [self.key, *(key for keys in inner for key in keys)]


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message; pressing it sends `action` and `arg` back."""

    label: Text
    action: str
    arg: str = ""


Rows: TypeAlias = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class ContactKeyboard:
    """The keyboard that replaces the person's own: shares their contact, or goes back, skips or cancels."""

    share: Text
    buttons: Rows = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo of the store to be shown: protected, which means that clients do not save or forward it.

    Args:
        path: its name in the photo store.
        side: it is made smaller until neither side has more pixels.
        spoiler: it is covered until one taps it.
    """

    path: str
    side: int
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Numbers to be drawn as a picture: columns of two parts each, and bars of one (bot/chart.py).

    Args:
        title: over all of it.
        facts: under it, a line each.
        parts: what the two parts of a column are, the lower one first.
        columns: the counts of each.
        ends: what the first and the last column are.
        heading: over the bars.
        bars: what each counts; there may be none.
    """

    title: Text
    facts: tuple[Text, ...]
    parts: tuple[Text, Text]
    columns: tuple[tuple[int, int], ...]
    ends: tuple[Text, Text]
    heading: Text
    bars: tuple[tuple[Text, int], ...]


@dataclass(frozen=True, slots=True)
class About:
    """An attempt that a screen shows: its id, the version it has, the account of the admin who looks."""

    submission: int
    version: int
    account: int


@dataclass(frozen=True, slots=True)
class Screen:
    """One message; with pictures there is another one before it, an album where there are several.

    Args:
        paragraphs: each a text, or several that stand line by line.
        buttons: under the message.
        keyboard: replaces the person's own.
        drop_keyboard: takes a keyboard shown earlier away again.
        pictures: photos to be shown, ten at most.
        drawing: a picture to be drawn and shown before it.
        about: which attempt it shows: its messages go, or are edited, with that (core/exhibits.py).
    """

    paragraphs: tuple[Text | tuple[Text, ...], ...]
    buttons: Rows = ()
    keyboard: ContactKeyboard | None = None
    drop_keyboard: bool = False
    pictures: tuple[Picture, ...] = ()
    drawing: Drawing | None = None
    about: About | None = None

    def led_by(self, *notes: Text) -> "Screen":
        """The same screen with these texts before its own."""
        return replace(self, paragraphs=(*notes, *self.paragraphs)) if notes else self

    def text_keys(self) -> list[str]:
        """The keys of its texts in their order, those in blanks after the text that they stand in."""
        parts = (part for one in self.paragraphs for part in (one if isinstance(one, tuple) else (one,)))
        return [key for part in parts for key in part.text_keys()]


def isolated(typed: str) -> str:
    """What somebody else has typed, between FSI and PDI: its direction turns nothing around it (DIALOGS rule 27)."""
    return f"\u2068{typed}\u2069"


def on_one_line(typed: str) -> str:
    """As `isolated`, for what stands among lines of ours: one of theirs could be taken for one of them."""
    return isolated(typed.replace("\n", "↵"))
