"""Who is chatting, as known at the moment of an update, and what an update is answered with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.dialog.draft import Draft
from bot.dialog.flow import Answers, Flow, Value
from bot.dialog.outcome import Submission, Taking
from bot.dialog.view import Screen, Text
from bot.texts import Language
from core.core import Core
from core.sessions import Signed
from core.unit import UnitOfWork

if TYPE_CHECKING:  # an operator's command needs nobody's files, and Telegram's library takes long to import
    from bot.files import Files

GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Person:
    """A Telegram user and where their chat stands.

    Args:
        id: the Telegram user id, which is also the id of their private chat.
        revision: counts the screens they were shown; buttons of an older one are stale.
        message_id: the message with the present screen's buttons, if it has any.
        dead_flow: the flow of a draft that died of age, so that it can be said.
        signed: their living or lapsed login.
        answered_at: when this chat was last answered.
        keyboard: the contact keyboard is up.
        listed: for which audience and language their client's command list was made.
        secret_until: until then a text that nothing asked for may be a password.
    """

    id: int
    language: Language
    revision: int = 0
    message_id: int | None = None
    draft: Draft | None = None
    draft_of: int | None = None
    dead_flow: str | None = None
    signed: Signed | None = None
    answered_at: datetime | None = None
    keyboard: bool = False
    listed: str | None = None
    secret_until: datetime | None = None

    @property
    def account_id(self) -> int | None:
        """The account they are signed in to now."""
        return self.signed.account_id if self.signed and not self.signed.lapsed else None

    @property
    def audience(self) -> str:
        """guest, patient, doctor or admin: which commands are theirs to see. What they may do is core's to say."""
        return str(self.signed.role) if self.signed and not self.signed.lapsed else GUEST

    def may_mean_secret(self, now: datetime) -> bool:
        """Whether a text that nothing asked for may be a password."""
        return self.secret_until is not None and now < self.secret_until


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person is shown, and what their chat becomes.

    Args:
        screens: messages, at most two (DIALOGS rule 21). None at all leaves the chat as it is.
        draft: the dialog they are in after this.
        language: their new language, when they changed it.
        alert: a short notice over the pressed button.
        forget: messages of theirs to delete: passwords.
        signed_out: the person was logged out by this; a draft from here on is a guest's.
        fresh: show the screens as new messages, even when a button was pressed.
        edit: show the first in place of the present screen, even though no button was pressed.
    """

    screens: tuple[Screen, ...] = ()
    draft: Draft | None = None
    language: Language | None = None
    alert: Text | None = None
    forget: tuple[int, ...] = ()
    signed_out: bool = False
    fresh: bool = False
    edit: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """What an act of the core is given: everything by which a dialog touches accounts.

    Args:
        typed: what the person typed after the command's name.
        files: fetches what they sent.
    """

    core: Core
    uow: UnitOfWork
    person: Person
    files: "Files"
    typed: str = ""


Act: TypeAlias = Callable[[Case], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Ask:
    """The answer needs the core first: a read or a short write, inside the transaction of the update.

    `alert`: a short notice over the pressed button, which is answered before. `writes`: False when there is nothing to
    take back where core refuses, which saves two statements.
    """

    act: Act
    alert: Text | None = None
    writes: bool = True


@dataclass(frozen=True, slots=True)
class Submit:
    """A dialog was submitted: the runner takes the flow's acts in order, the slow one outside any transaction.

    `taking`: not the dialog was, but a photo came that its question waits for; the acts are that step's.
    """

    flow: Flow
    draft: Draft
    submission: Submission
    forget: tuple[int, ...] = ()
    taking: Taking | None = None

    @property
    def acts(self) -> Any:
        """What is asked of core: a `bot.flows.acts.Acts`."""
        return self.taking.step.takes if self.taking else self.flow.acts(self.draft.step)

    @property
    def secret(self) -> bool:
        """Whether a password is part of it."""
        return self.taking is None and self.submission.secret is not None


@dataclass(frozen=True, slots=True)
class Left:
    """The person blocked the bot or let it in again: nothing is shown (DIALOGS.md)."""

    at: datetime | None


Decision: TypeAlias = "Reply | Ask | Submit | Left"


@dataclass(frozen=True, slots=True)
class Done:
    """A submitted dialog was carried out. `notes` say so; `then` is the command or dialog to go on with.

    `proved_until`: not the dialog was carried out, but the proof that opens it was given; it holds until then.
    `taken`: not the dialog was carried out, but its photo was taken; as it is kept.
    `given`: what the dialog to go on with is opened with.
    `apart`: stands in a message of its own, which no later screen takes the place of.
    """

    notes: tuple[Text, ...]
    then: str = ""
    proved_until: datetime | None = None
    taken: Value = None
    apart: Text | None = None
    given: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A submitted dialog was refused, and what core wrote about that stays (a counted failure)."""

    problem: Text
    step: str = ""


def led(decision: Decision, notes: tuple[Text, ...]) -> Decision:
    """The same decision with these sentences before what it shows."""
    if not notes:
        return decision
    if isinstance(decision, Reply) and decision.screens:
        return _led(decision, notes)
    if isinstance(decision, Ask):
        ask = decision.act

        async def act(case: Case) -> Reply:
            return _led(await ask(case), notes)

        return replace(decision, act=act)
    return decision


def _led(reply: Reply, notes: tuple[Text, ...]) -> Reply:
    first, *rest = reply.screens
    return replace(reply, screens=(first.led_by(*notes), *rest))
