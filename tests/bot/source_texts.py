"""The texts as their writers see them, read from the files and not through the program."""

from pathlib import Path

from babel.messages.pofile import read_po

from bot.texts import Language

BOT = Path(__file__).parents[2] / "bot"


def source(language: Language) -> dict[str, str]:
    """The texts of a language by their keys; both forms of a plural run together."""
    with (BOT / "texts" / language / "messages.po").open("rb") as file:
        entries = read_po(file, locale=language)
    texts = {}
    for entry in entries:
        key = entry.id if isinstance(entry.id, str) else entry.id[0]
        if key:
            texts[key] = entry.string if isinstance(entry.string, str) else "".join(map(str, entry.string or ()))
    return texts
