"""Every command: whose it is, and what it does. A new command is one line here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from bot import acts, certificate, me, menu, people, privacy, profile, reviews, sessions, stats, trail
from bot.dialog.flow import Flow
from bot.dialog.view import Screen
from bot.flows import erase, export, forgot, reset, suspend
from bot.flows.login import LOGIN
from bot.flows.password import PASSWORD
from bot.flows.phone import PHONE
from bot.flows.register import REGISTER
from bot.person import GUEST, Case, Person, Reply
from core.permissions import Permission

SIGNED: Final = frozenset({"patient", "doctor", "admin"})
OWNERS: Final = frozenset({"patient", "doctor"})
ADMINS: Final = frozenset({"admin"})
DOCTORS: Final = frozenset({"doctor"})
MANAGE: Final = Permission.MANAGE_ACCOUNTS
REVIEW: Final = Permission.REVIEW
SEND_OWN: Final = Permission.SEND_OWN_CERTIFICATE
GUESTS: Final = frozenset({GUEST})
EVERYONE: Final = SIGNED | GUESTS


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        audience: who sees it. What they may do is checked in core at each use all the same.
        screen: answers from what is known of the person.
        act: answers by asking core.
        flow: opens this dialog.
        aside: in the middle of a dialog it answers, and the pending question follows (DIALOGS rule 15).
        needs: what core asks of who uses it; who is signed in as somebody else and tries all the same is audited.
        pressed: what the buttons of its own screens do; their action is the command's name. Outside of dialogs only.
        only_shows: these buttons turn pages and change nothing, so that an old one may show its page again.
    """

    audience: frozenset[str]
    screen: Callable[[Person], Screen] | None = None
    act: Callable[[Case], Awaitable[Reply]] | None = None
    flow: Flow | None = None
    aside: bool = False
    needs: Permission | None = None
    pressed: Callable[[Case, str], Awaitable[Reply]] | None = None
    only_shows: bool = False

    async def show_again(self, case: Case, arg: str) -> Reply:
        """Its present screen, in a new message, for an old button of it (DIALOGS rule 19)."""
        assert self.act is not None
        shown = self.pressed(case, arg) if self.pressed and self.only_shows else self.act(case)
        return replace(await shown, fresh=True)


COMMANDS: Final[dict[str, Command]] = {
    "start": Command(EVERYONE, act=acts.start, aside=True),
    "more": Command(EVERYONE, screen=menu.more, aside=True),  # a button of a menu that is too long for one screen
    "help": Command(EVERYONE, screen=menu.help_screen, aside=True),
    "language": Command(EVERYONE, screen=menu.language_screen, aside=True),
    "privacy": Command(EVERYONE, act=privacy.show, pressed=privacy.pressed, aside=True),
    "cancel": Command(EVERYONE),  # what it does depends on the dialog: the desk's to say
    "register": Command(GUESTS, flow=REGISTER),
    "login": Command(GUESTS, flow=LOGIN),
    "forgot": Command(GUESTS, act=forgot.forgot, pressed=forgot.pressed),
    "me": Command(SIGNED, act=me.show, aside=True),
    "password": Command(SIGNED, flow=PASSWORD),
    "phone": Command(SIGNED, flow=PHONE),
    "profile": Command(OWNERS, act=profile.show, pressed=profile.pressed),
    "certificate": Command(DOCTORS, act=certificate.show, pressed=certificate.pressed, needs=SEND_OWN),
    "sessions": Command(SIGNED, act=sessions.show, pressed=sessions.pressed, aside=True),
    "export": Command(SIGNED, act=export.export),
    "erase": Command(SIGNED, act=erase.erase),
    "logout": Command(SIGNED, act=acts.logout),
    "find": Command(ADMINS, act=people.find, pressed=people.pressed, needs=MANAGE, only_shows=True),
    "suspend": Command(ADMINS, act=suspend.suspend, needs=MANAGE),
    "restore": Command(ADMINS, act=suspend.restore, needs=MANAGE),
    "reset": Command(ADMINS, act=reset.reset, needs=MANAGE),
    "stats": Command(ADMINS, act=stats.show, needs=REVIEW),
    "queue": Command(ADMINS, act=reviews.queue, pressed=reviews.queue_pressed, needs=REVIEW, only_shows=True),
    "review": Command(ADMINS, act=reviews.review, pressed=reviews.pressed, needs=REVIEW),
    "approve": Command(ADMINS, act=reviews.approve, needs=REVIEW),
    "reject": Command(ADMINS, act=reviews.reject, needs=REVIEW),
    "release": Command(ADMINS, act=reviews.release, needs=REVIEW),
    "history": Command(ADMINS, act=reviews.history, pressed=reviews.history_pressed, needs=REVIEW),
    "reopen": Command(ADMINS, act=reviews.reopen, needs=REVIEW),
    "revoke": Command(ADMINS, act=reviews.revoke, needs=REVIEW),
    "audit": Command(ADMINS, act=trail.show, pressed=trail.pressed, needs=MANAGE, only_shows=True),
}
