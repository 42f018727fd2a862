"""The menu and the other screens that belong to no dialog."""

from typing import Final

from bot.dialog.flow import flow_text
from bot.dialog.screens import GO_ON
from bot.dialog.view import Button, Rows, Screen, Text
from bot.person import GUEST, Person
from bot.texts import LANGUAGES

_OWN: Final = ("password", "phone", "sessions", "export", "erase", "logout", "help", "language", "privacy")
_DAILY: Final = ("queue", "stats", "find", "audit", "suspend", "restore", "reset", "me", "sessions", "help", "logout")
_BY_NUMBER: Final = ("review", "approve", "reject", "release", "history", "reopen", "revoke")
# What the menu offers to whom, in this order; every command is also a button (DIALOGS.md Commands).
OFFERED: Final[dict[str, tuple[str, ...]]] = {
    GUEST: ("register", "login", "forgot", "help", "language", "privacy"),
    "patient": ("me", "profile", *_OWN),
    "doctor": ("me", "certificate", "profile", *_OWN),
    "admin": (*_DAILY, *_BY_NUMBER, "password", "phone", "export", "erase", "language", "privacy"),
}
_FIT: Final = 12  # so many stand below the greeting on a phone
LEAVE: Final = Button(Text("button.leave"), "leave")
MENU: Final = Button(Text("button.menu"), "cmd", "start")
MORE: Final = Button(Text("button.more"), "cmd", "more")


def command_button(name: str) -> Button:
    """The button that does what typing `/name` does."""
    return Button(Text(f"command.{name}"), "cmd", name)


def menu(person: Person, *notes: Text) -> Screen:
    """What this person can do now, after these sentences. In the middle of a dialog, going on comes first."""
    if person.signed and not person.signed.lapsed:
        greeting = Text.of(f"menu.{person.audience}", name=person.signed.name)
    else:
        greeting = Text("menu.guest")
    first, rest = _offered(person)
    rows = _in_pairs([*first, MORE] if rest else first)
    return Screen((*notes, greeting), buttons=(((GO_ON,), *rows) if person.draft else rows))


def more(person: Person) -> Screen:
    """What the menu has no room for; where it has room for all, the menu."""
    _, rest = _offered(person)
    return Screen((Text("menu.more"),), buttons=(*_in_pairs(rest), (MENU,))) if rest else menu(person)


def help_screen(person: Person) -> Screen:
    """What the bot is, what it can do for this person, and where a person helps (DIALOGS rule 26)."""
    commands = tuple(
        Text.of("help.command", name=name, about=Text(f"command.{name}.about")) for name in commands_of(person.audience)
    )
    return Screen((Text("help.what"), commands, Text("help.contact")), buttons=_way_on(person))


def language_screen(_person: Person) -> Screen:
    """The choice of a language, each named in itself."""
    return Screen(
        (Text("language.ask"),), buttons=(tuple(Button(Text(f"language.{code}"), "lang", code) for code in LANGUAGES),)
    )


def leave_dialog(flow: str, command: str) -> Screen:
    """Another dialog's command in the middle of one: leave it, or go on (DIALOGS.md Commands)."""
    leave = Button(LEAVE.label, LEAVE.action, command)
    return Screen((Text.of("leave.dialog", dialog=flow_text("title", flow)),), buttons=((GO_ON,), (leave,)))


def leave_account(person: Person, command: str) -> Screen:
    """Registering or logging in while signed in: leave this account first (DIALOGS.md Commands)."""
    name = person.signed.name if person.signed else ""
    stay = Button(Text("button.stay"), "cmd", "start")
    leave = Button(Text("button.leave_account"), "switch", command)
    return Screen((Text.of("leave.account", name=name),), buttons=((stay,), (leave,)))


def _offered(person: Person) -> tuple[list[Button], list[Button]]:
    buttons = [command_button(name) for name in OFFERED[person.audience]]
    fitting = len(buttons) if len(buttons) <= _FIT else _FIT - 1
    return buttons[:fitting], buttons[fitting:]


def _in_pairs(buttons: list[Button]) -> Rows:
    return tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))


def _way_on(person: Person) -> Rows:
    """The menu; in the middle of a dialog the question that follows has the buttons."""
    return () if person.draft else ((MENU,),)


def commands_of(audience: str) -> tuple[str, ...]:
    """The names of the commands that this kind of person sees."""
    return ("start", *OFFERED[audience], "cancel")
