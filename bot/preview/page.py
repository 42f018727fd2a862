"""The preview as one HTML page that loads nothing: each screen in every language, side by side."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from bot.dialog.view import Rows, Screen, Text
from bot.preview.gather import Card, Section
from bot.screen import body
from bot.texts import LANGUAGES, Catalogue, Language

_STYLE: Final = """
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; color: #222; }
nav { columns: 14rem; font-size: 13px; }
h2 { margin: 2.5rem 0 0.5rem; border-bottom: 1px solid #ccc; }
h3 { margin: 1.2rem 0 0.3rem; font-size: 13px; font-weight: 600; color: #666; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; align-items: start; }
.message { max-width: 24rem; margin-bottom: 0.3rem; padding: 0.5rem 0.7rem; border-radius: 0.7rem;
  background: #eef3f8; white-space: pre-wrap; overflow-wrap: anywhere; }
.row { display: flex; gap: 0.2rem; max-width: 25.4rem; margin-bottom: 0.2rem; }
.row span { flex: 1; padding: 0.25rem; border-radius: 0.4rem; background: #d8e4ef;
  text-align: center; font-size: 14px; }
.keyboard span { background: #e4e4e4; }
.sentences { max-width: 25rem; margin: 0.2rem 0; padding-left: 1.1rem; font-size: 13px; color: #8a3b12; }
"""


def page(sections: Sequence[Section], catalogue: Catalogue) -> str:
    """The page. Raises MissingTextError."""
    parts = "\n".join(_section(number, section, catalogue) for number, section in enumerate(sections))
    index = "".join(f'<a href="#s{number}">{escape(each.title)}</a><br>' for number, each in enumerate(sections))
    return (
        '<!doctype html>\n<html lang="zh">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(catalogue.everywhere['clinic'])}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{escape(catalogue.everywhere['clinic'])}</h1>\n<nav>{index}</nav>\n{parts}\n</html>\n"
    )


def _section(number: int, section: Section, catalogue: Catalogue) -> str:
    cards = "\n".join(_card(card, catalogue) for card in section.cards)
    return f'<h2 id="s{number}">{escape(section.title)}</h2>\n{cards}'


def _card(card: Card, catalogue: Catalogue) -> str:
    title = " › ".join(catalogue.render(each, "zh") if isinstance(each, Text) else each for each in card.title)
    columns = "".join(f'<div lang="{language}">{_column(card, catalogue, language)}</div>' for language in LANGUAGES)
    return f'<h3>{escape(title)}</h3><div class="pair">{columns}</div>'


def _column(card: Card, catalogue: Catalogue, language: Language) -> str:
    shown = "".join(_screen(screen, catalogue, language) for screen in card.screens)
    items = "".join(f"<li>{escape(catalogue.render(text, language))}</li>" for text in card.sentences)
    return shown + (f'<ul class="sentences">{items}</ul>' if items else "")


def _screen(screen: Screen, catalogue: Catalogue, language: Language) -> str:
    message = f'<div class="message">{escape(body(screen, catalogue, language))}</div>'
    if screen.keyboard:
        share = _row((catalogue.render(screen.keyboard.share, language),), "keyboard")
        return message + share + _rows(screen.keyboard.buttons, catalogue, language, "keyboard")
    return message + _rows(screen.buttons, catalogue, language)


def _rows(rows: Rows, catalogue: Catalogue, language: Language, kind: str = "") -> str:
    return "".join(_row((catalogue.render(button.label, language) for button in row), kind) for row in rows)


def _row(labels: Iterable[str], kind: str) -> str:
    buttons = "".join(f"<span>{escape(label)}</span>" for label in labels)
    return f'<div class="row {kind}">{buttons}</div>'
