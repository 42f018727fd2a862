"""The desk by itself: what a deploy in the middle of a dialog does to what was just typed or pressed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.adapter import Arrival, Event
from bot.commands import COMMANDS
from bot.desk import Desk
from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.events import Pressed, Said
from bot.dialog.flow import Flow
from bot.flows import FLOWS
from bot.flows.inputs import email_step
from bot.person import Person, Reply
from bot.preview.people import person
from bot.texts import Catalogue

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANSWERS = {"role": "patient", "consent": "agreed", "phone": {"number": "13812345678", "verified": False}, "name": "王"}
CATALOGUE = Catalogue(ZoneInfo("UTC"), {"clinic": "c", "contact": "c", "privacy_url": "u"})


def desk(flow: Flow) -> Desk:
    engine = Engine(timedelta(minutes=15), CATALOGUE.labels)
    return Desk(engine=engine, catalogue=CATALOGUE, commands=COMMANDS, flows={**FLOWS, flow.name: flow}, username="b")


def newer() -> Flow:
    """Registration as of a deploy that asks one thing more."""
    old = FLOWS["register"]
    *steps, password = old.steps
    return Flow("register", old.version + 1, (*steps, email_step("identifier"), password), old.submit)


def decide(draft: Draft, event: Event, *, secret: bool) -> Reply:
    who = Person(5, "zh", revision=3, draft=draft, secret_until=NOW + timedelta(hours=1) if secret else None)
    reply = desk(newer()).decide(who, Arrival(5, "zh", event), NOW)
    assert isinstance(reply, Reply)
    return reply


def test_a_password_typed_just_after_a_deploy_is_deleted_and_answers_nothing() -> None:
    answered = {**ANSWERS, "email": None, "sex": None, "birth_date": None}
    draft = Draft("register", FLOWS["register"].version, "password", answered, NOW)
    reply = decide(draft, Said("correct horse battery", 77), secret=True)
    assert reply.forget == (77,)
    assert reply.draft is not None
    assert "correct horse battery" not in str(reply.draft.to_json())


def test_a_word_typed_just_after_a_deploy_is_not_taken_for_another_question() -> None:
    draft = Draft("register", FLOWS["register"].version, "name", {"role": "doctor"}, NOW)
    reply = decide(draft, Said("王小明", 77), secret=False)
    assert reply.draft is not None
    assert reply.draft.answers == {"role": "doctor"}


def test_a_button_of_before_a_deploy_does_not_consent() -> None:
    draft = Draft("register", FLOWS["register"].version, "role", {}, NOW)
    reply = decide(draft, Pressed("register", 3, "pick", "0", 9, "q"), secret=False)
    assert reply.draft is not None
    assert reply.draft.answers == {}


def test_what_a_button_of_the_menu_says_may_be_typed() -> None:
    guest = Person(5, "zh", revision=3)
    for typed, begun in (("注册", "register"), (" Log in ", "login")):
        reply = desk(newer()).decide(guest, Arrival(5, "zh", Said(typed, 77)), NOW)
        assert isinstance(reply, Reply)
        assert reply.draft is not None
        assert reply.draft.flow == begun
    after_a_password = replace(guest, secret_until=NOW + timedelta(seconds=15))
    reply = desk(newer()).decide(after_a_password, Arrival(5, "zh", Said("注册", 77)), NOW)
    assert isinstance(reply, Reply)
    assert not reply.forget
    not_theirs = desk(newer()).decide(guest, Arrival(5, "zh", Said("审核队列", 77)), NOW)
    assert isinstance(not_theirs, Reply)
    assert CATALOGUE.render(not_theirs.screens[0].paragraphs[0], "zh").startswith("我是机器人")  # type: ignore[arg-type]


def test_a_draft_of_a_flow_that_is_gone_is_closed_in_words() -> None:
    draft = Draft("abolished", 1, "name", {}, NOW)
    reply = decide(draft, Said("王小明", 77), secret=False)
    assert reply.draft is None
    assert CATALOGUE.render(reply.screens[0].paragraphs[0], "zh").startswith("系统有更新")  # type: ignore[arg-type]


def test_another_accounts_draft_is_closed_in_words() -> None:
    draft = Draft("profile.name", 1, "name", {}, NOW)
    somebody = replace(person("patient"), draft=draft, draft_of=9)
    reply = desk(newer()).decide(somebody, Arrival(somebody.id, "zh", Said("王小明", 77)), NOW)
    assert isinstance(reply, Reply)
    assert reply.draft is None
