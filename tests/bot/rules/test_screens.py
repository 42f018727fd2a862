"""Every screen there is, in both languages, as `texts preview` shows them: what people read fits its place."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest

from bot.dialog.view import Text
from bot.menu import OFFERED, menu, more
from bot.preview.clinic import sample_clinic
from bot.preview.gather import Section, gather
from bot.preview.page import page
from bot.preview.people import AUDIENCES, person
from bot.screen import Place, compose
from bot.texts import LANGUAGES, Language, known
from tests.bot.rules.walked import CATALOGUE, buttons, columns, text

LONGEST: Final = 3500
"""Characters: longer ones go to pages (DIALOGS rule 22)."""
# What may stand in Latin letters in a Chinese chat: commands, addresses, numbers, examples, names, reasons' codes.
LATIN: Final = re.compile(
    r"/[a-z]+|https?://\S+|\S+@\S+|\b[PDAC]-?\d\w*|Telegram|English|Language|Which language would you like\?"
    r"|DOC2023001|dr_wang|wang_2024|\bxhyy\b|\bnk\b|\bzip\b|iPhone|\b[A-Z]{2,4}\b|clinic_bot"
    r"|\b[A-Z0-9]{6}\b"
)


FILES: Final = {"export.readme", "export.readme_name"}
"""What stands in a file, and names others."""


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> list[Section]:
    async def made() -> list[Section]:
        async with sample_clinic(tmp_path_factory.mktemp("clinic")) as clinic:
            return await gather(clinic)

    return asyncio.run(made())


def test_every_text_is_on_the_page(sections: list[Section]) -> None:
    assert set().union(*(section.text_keys() for section in sections)) == known("zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_holds_24_columns(sections: list[Section], language: Language) -> None:
    for section in sections:
        for card in section.cards:
            for screen in card.screens:
                for button in buttons(screen):
                    assert columns(button.label, language) <= 24, f"{section.title}, {card.title}: {button.label}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_screen_is_too_long_for_a_message(sections: list[Section], language: Language) -> None:
    for section in sections:
        for card in section.cards:
            for screen in card.screens:
                assert len(text(screen, language)) <= LONGEST, f"{section.title}, {card.title}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_and_the_help_for_it_are_short(sections: list[Section], language: Language) -> None:
    for section in sections:
        for card in section.cards:
            for sentence in card.sentences:
                shown = CATALOGUE.render(sentence, language)
                assert columns(shown, language) <= 200, f"{section.title}, {card.title}: {shown}"
                assert len(shown.splitlines()) <= 2


def test_a_chinese_chat_holds_no_english(sections: list[Section]) -> None:
    for section in sections:
        for card in section.cards:
            shown = [text(screen, "zh") for screen in card.screens]
            shown += [CATALOGUE.render(button.label, "zh") for screen in card.screens for button in buttons(screen)]
            shown += [CATALOGUE.render(sentence, "zh") for sentence in card.sentences if isinstance(sentence, Text)]
            for one in () if card.title[0] in FILES else shown:
                assert not re.search(r"[A-Za-z]{2,}", LATIN.sub("", one)), f"{section.title}, {card.title}: {one}"


def test_the_page_shows_each_screen_in_both_languages_and_loads_nothing(sections: list[Section]) -> None:
    html = page(sections, CATALOGUE)
    for shown in ("您的姓名是？例如 王小明。", "What is your name?", "请点“我同意”，或者取消。", "Please press"):
        assert shown in html
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", html)


def test_what_was_typed_is_never_markup_on_the_page(sections: list[Section]) -> None:
    assert "<b>&" not in page(sections, CATALOGUE)


def test_the_page_is_written_by_a_command(tmp_path: Path) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415

    from bot.cli import cli  # noqa: PLC0415

    out = tmp_path / "texts.html"
    assert CliRunner().invoke(cli, ["texts", "preview", "--out", str(out)]).exit_code == 0
    assert "<!doctype html>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_is_cut_off_beside_others_in_its_row(sections: list[Section], language: Language) -> None:
    room = {1: 24, 2: 16, 3: 10, 4: 7}
    place = Place(chat_id=1, revision=1, dialog="menu", message_id=None, pressed=None)
    for section in sections:
        for card in section.cards:
            for call in compose(card.screens, place, CATALOGUE, language):
                markup = call["params"].get("reply_markup", {})
                for row in (*markup.get("inline_keyboard", ()), *markup.get("keyboard", ())):
                    assert all(columns(button["text"], language) <= room[len(row)] for button in row), card.title


def test_a_menu_fits_a_phone() -> None:
    for audience in AUDIENCES:
        assert 3 <= len(menu(person(audience)).buttons) <= 7
    first, rest = buttons(menu(person("admin"))), buttons(more(person("admin")))
    assert {button.arg for button in (*first, *rest)} == {*OFFERED["admin"], "more", "start"}
