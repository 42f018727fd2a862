"""What is said beside a dialog's own questions: whether to leave it or go on, and what comes when there is none."""

from collections.abc import Callable
from dataclasses import replace

from bot.dialog import screens
from bot.dialog.draft import Draft
from bot.dialog.engine import fold
from bot.dialog.events import Answer, Other, Pressed, Sent, Shared
from bot.dialog.flow import Flow
from bot.dialog.moves import help_after
from bot.dialog.view import Button, Screen, Text
from bot.menu import MORE, commands_of, leave_dialog, menu
from bot.person import Person, Reply

_LEAVE = "leave:"


def idle(person: Person, event: Answer) -> Reply:
    """To a message that nothing waits for; a photo may be meant for what its sender can open."""
    said = Text(f"wrong.{event.kind}") if isinstance(event, Sent) else Text("idle.text")
    if isinstance(event, Sent) and event.file and person.audience in {"patient", "doctor"}:
        said = Text(f"idle.photo.{person.audience}")
    return Reply((menu(person, said),))


def command_of(typed: str, person: Person, labels: Callable[[str], frozenset[str]]) -> str:
    """The command that the menu offers this person under what they typed, or "" (DIALOGS rule 14)."""
    folded = fold(typed)
    if folded in labels(MORE.label.key):
        return MORE.arg
    return next((name for name in commands_of(person.audience) if folded in labels(f"command.{name}")), "")


def asking_to_leave(flow: Flow, draft: Draft, wanted: str) -> Reply:
    """Asks whether to leave the dialog for what is wanted: a command, and what was typed behind it."""
    return Reply((_question(flow, wanted),), replace(draft, asking=f"{_LEAVE}{wanted}", tries=0))


def wanted(draft: Draft) -> str:
    """What the dialog is to be left for, if that is asked."""
    return draft.asking.removeprefix(_LEAVE) if draft.asking.startswith(_LEAVE) else ""


def again(flow: Flow, draft: Draft, event: Answer) -> Reply:
    """The same once more: what is typed here never answers the dialog's own question (DIALOGS rules 13 and 16)."""
    draft = replace(draft, tries=draft.tries + 1)
    leaving = wanted(draft)
    asked = _question(flow, leaving) if leaving else screens.offer(flow)
    help_ = help_after(draft.tries, "help.leave" if leaving else "help.offer")
    return Reply((asked.led_by(_problem(event), *help_),), draft)


def press_of(
    typed: str, buttons: tuple[Button, ...], flow: Flow, revision: int, labels: Callable[[str], frozenset[str]]
) -> Pressed | None:
    """The press that a typed label stands for: on the contact keyboard presses come so, and people type them."""
    folded = fold(typed)
    for button in buttons:
        if folded in labels(button.label.key):
            return Pressed(flow.name, revision, button.action, button.arg, None, "")
    return None


def _question(flow: Flow, wanted: str) -> Screen:
    return leave_dialog(flow.name, wanted.partition(" ")[0])


def _problem(event: Answer) -> Text:
    if isinstance(event, Sent):
        return Text(f"wrong.{event.kind}")
    return Text(f"wrong.{Other.CONTACT}" if isinstance(event, Shared) else "wrong.choice")
