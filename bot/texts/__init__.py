"""Every sentence people read, in each language, from `LANGUAGE/messages.po`; the code knows them by key."""

import gettext
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.dialog.engine import fold
from bot.dialog.view import Param, Text

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
_FOLDER: Final = Path(__file__).parent


class MissingTextError(LookupError):
    """A text key that a language does not have."""


def language_of(code: str | None) -> Language:
    """The language for a Telegram client's language code: `zh*` is zh, all else en (DIALOGS.md)."""
    return "zh" if (code or "").lower().startswith("zh") else "en"


@dataclass(frozen=True)
class Catalogue:
    """Turns texts into what a person reads.

    Args:
        time_zone: every time shown to a person is in it (CONTRACT.md 1 created_at).
        everywhere: blanks that any text may use: the clinic's name, contact and privacy address.
    """

    time_zone: ZoneInfo
    everywhere: Mapping[str, str] = field(default_factory=dict)
    _labels: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def render(self, text: Text, language: Language) -> str:
        """The sentence in that language. Raises MissingTextError when the language has no such key."""
        params = {name: self._shown(value, language) for name, value in text.params.items()}
        count = text.params.get("count")
        found = _translations(language)
        if isinstance(count, int):
            pattern = found.ngettext(text.key, f"{text.key}.many", count)
        else:
            pattern = found.gettext(text.key)
        if pattern in (text.key, f"{text.key}.many"):
            raise MissingTextError(f"no text {text.key!r} in {language!r}")
        return pattern.format_map({**self.everywhere, **params})

    def labels(self, key: str) -> frozenset[str]:
        """All that a label reads as, in every language, folded: what people may type for its button."""
        if key not in self._labels:  # every message is compared with many
            self._labels[key] = frozenset(fold(self.render(Text(key), language)) for language in LANGUAGES)
        return self._labels[key]

    def _shown(self, value: Param, language: Language) -> str | int:
        if isinstance(value, Text):
            return self.render(value, language)
        if isinstance(value, datetime):
            return value.astimezone(self.time_zone).strftime("%Y-%m-%d %H:%M")
        if isinstance(value, date):
            return value.isoformat()
        return value


def missing(keys: Iterable[str]) -> list[str]:
    """Which `language: key` of these are not there."""
    return sorted(f"{language}: {key}" for language in LANGUAGES for key in set(keys) - known(language))


@cache
def known(language: Language) -> frozenset[str]:
    """Every key the language has."""
    with (_FOLDER / language / "messages.po").open("rb") as file:
        entries = read_po(file, locale=language)
    return frozenset(entry.id if isinstance(entry.id, str) else entry.id[0] for entry in entries if entry.id)


@cache
def _translations(language: Language) -> gettext.GNUTranslations:
    compiled = BytesIO()
    with (_FOLDER / language / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
