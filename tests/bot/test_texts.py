"""The texts: whole in both languages, short enough, and there for whatever is typed."""

import re
import unicodedata
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialog import screens
from bot.dialog.draft import Draft
from bot.dialog.engine import fold
from bot.dialog.events import Said
from bot.dialog.flow import REVIEW, Flow, InvalidInput, Parse, Step
from bot.dialog.view import Text
from bot.flows import FLOWS
from bot.menu import OFFERED, commands_of
from bot.preview.gather import filled
from bot.texts import LANGUAGES, Catalogue, Language, known
from core.audit import Action
from core.notices import NoticeKind
from tests.bot.source_texts import BOT, source
from tests.conftest import SetClock

CATALOGUE = Catalogue(
    ZoneInfo("Asia/Shanghai"),
    {"clinic": "仁和诊所", "contact": "010-12345678", "privacy_url": "https://clinic.example/privacy"},
)
STEPS = [
    pytest.param(flow, step, id=f"{flow.name}-{step.key}")
    for flow in FLOWS.values()
    for step in flow.steps
    if not step.given
]
PARSERS = {step.parse: step.key for flow in FLOWS.values() for step in flow.steps if step.parse}


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    zh, en = source("zh"), source("en")
    assert zh.keys() == en.keys()
    for key in zh:
        blanks = [{name for _, name, _, _ in Formatter().parse(texts[key]) if name} for texts in (zh, en)]
        assert blanks[0] - {"contact"} == blanks[1] - {"contact"}, key


def test_no_text_is_empty_and_chinese_texts_are_chinese() -> None:
    for key, text in source("zh").items():
        assert text, key
        told = re.sub(r"\{[^}]*\}|https?://\S+|[\W\d_]", "", text)
        assert not told or key == "language.en" or re.search(r"[\u4e00-\u9fff]", told), key


def test_the_question_for_the_hospital_has_an_example_that_the_sandbox_finds() -> None:
    example = re.search(r"例如 (\S+) 或", source("zh")["ask.hospital_id"])
    assert example
    assert example[1] in (BOT.parent / "sandbox" / "hospitals.csv").read_text(encoding="utf-8")


def test_every_notice_has_a_text() -> None:
    assert {f"notice.{kind}" for kind in NoticeKind} <= known("en")


def test_everything_that_is_audited_has_a_text() -> None:
    assert {f"audit.{action}" for action in Action} <= known("en")


def test_no_text_is_unused() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in BOT.rglob("*.py"))
    core = "\n".join(path.read_text(encoding="utf-8") for path in (BOT.parent / "core").rglob("*.py"))
    by_flow = set[str]().union(*(flow.texts() for flow in FLOWS.values()))
    by_command = {
        f"command.{name}{end}" for audience in OFFERED for name in commands_of(audience) for end in ("", ".about")
    }
    families = re.compile(
        r"(wrong|sex|role|language|menu|wait|name|state|audit|usage|find.next|reason|mend|certificate.(is|way|until)"
        r"|idle.photo|queue|attempt|outcome|review.done)\."
    )
    for key in known("en") - by_flow - by_command:
        family, _, rest = key.partition(".")
        if family == "error":
            assert rest in core or rest.partition(".")[2] in core or rest in code, key
        elif family == "notice":
            assert rest in set(NoticeKind), key
        else:
            assert f'"{key}"' in code or families.match(key), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_fits_its_columns(language: Language) -> None:
    labels = {key for key in known(language) if key.startswith(("button.", "command.", "submit."))}
    labels = {key for key in labels if not key.endswith(".about") and key != "button.change"}
    labels |= {choice.label for flow in FLOWS.values() for step in flow.steps for choice in step.choices}
    for key in labels - {"command.unknown", "command.not_theirs"}:
        assert columns(CATALOGUE.render(filled(CATALOGUE, key), language)) <= 24, key
    for flow in FLOWS.values():
        for step in flow.steps:
            if not step.secret and flow.review:
                label = CATALOGUE.render(Text.of("button.change", name=Text(f"name.{step.key}")), language)
                assert columns(label) <= 24, label


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("flow", "step"), STEPS)
def test_every_question_is_short_and_shows_where_one_is(
    flow: Flow, step: Step, language: Language, clock: SetClock
) -> None:
    answers = next(way for way in ways(flow) if step.key in flow.path(way))
    screen = screens.question(flow, Draft(flow.name, flow.version, step.key, answers, clock()))
    shown = "\n\n".join(CATALOGUE.render(line, language) for line in screen.paragraphs if isinstance(line, Text))
    assert re.search(r"[(（]\d+/\d+", shown)
    assert len(shown.splitlines()) <= 6
    assert columns(shown) <= 600


@pytest.mark.parametrize("parse", PARSERS, ids=PARSERS.values())
@settings(max_examples=50)
@given(typed=st.text(min_size=1, max_size=80) | st.from_regex(r"[0-9+\-/. @a-z年月日]{1,30}", fullmatch=True))
def test_whatever_is_typed_the_refusal_has_a_sentence_in_both_languages(parse: Parse, typed: str) -> None:
    try:
        parse(Said(typed, 1), {})
    except InvalidInput as problem:
        for language in LANGUAGES:
            CATALOGUE.render(problem.text, language)


def test_a_plural_is_told_by_its_count() -> None:
    assert CATALOGUE.render(Text.of("wait.minutes", count=1), "en") == "1 minute"
    assert CATALOGUE.render(Text.of("wait.minutes", count=2), "en") == "2 minutes"


def test_what_people_type_is_never_taken_for_a_blank() -> None:
    assert CATALOGUE.render(Text.of("earlier", value="{contact}"), "en").endswith("{contact}")


def test_labels_are_known_in_every_language_and_width() -> None:
    assert {fold("Ｃａｎｃｅｌ"), fold("取消")} <= CATALOGUE.labels("button.cancel")


def ways(flow: Flow) -> list[dict[str, object]]:
    """Answers that lead down every branch: each choice of the first step, and nothing."""
    first = next((step for step in flow.steps if not step.given), flow.steps[0])
    return [{}, *({first.key: [choice.value] if first.several else choice.value} for choice in first.choices)]


def test_the_review_of_every_flow_can_be_shown(clock: SetClock) -> None:
    for flow in FLOWS.values():
        if flow.review:
            for way in ways(flow)[1:]:
                screens.review(flow, Draft(flow.name, flow.version, REVIEW, way, clock()))
