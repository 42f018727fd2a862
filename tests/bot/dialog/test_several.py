"""A question that several options answer, by the engine alone (DIALOGS.md review)."""

from bot.dialog.draft import Draft
from bot.dialog.events import Answer, Pressed, Said
from bot.dialog.flow import Choice, Flow, Step
from tests.bot.dialog.test_engine import ENGINE, NOW

REASONS = Step("reasons", choices=tuple(Choice(code, f"reason.{code}") for code in ("BLR", "GLR", "CUT")), several=True)
FLOW = Flow("reject", 1, (REASONS, Step("sure", choices=(Choice(True, "erase.sure"),))), submit=None, review=False)


def after(*events: Answer) -> Draft:
    draft = ENGINE.begin(FLOW, NOW).draft
    for event in events:
        assert draft is not None
        draft = ENGINE.advance(FLOW, draft, event, NOW).draft
    assert draft is not None
    return draft


def pressed(number: int) -> Pressed:
    return Pressed("reject", 1, "pick", str(number - 1), 1, "query")


def test_a_press_puts_one_on_and_another_takes_it_off() -> None:
    assert after(pressed(1), pressed(3)).picked == ["BLR", "CUT"]
    assert after(pressed(1), pressed(3), pressed(1)).picked == ["CUT"]


def test_what_is_typed_is_meant_whether_it_was_pressed_before_or_not() -> None:
    assert after(Said("1，3", 7)).picked == ["BLR", "CUT"]
    assert after(pressed(1), Said("1，3", 7)).picked == ["BLR", "CUT"]
    assert after(pressed(1), pressed(3), Said("３、１", 7)).picked == ["BLR", "CUT"]
