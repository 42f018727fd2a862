"""One update on its way: from what arrived to what is committed and shown."""

from dataclasses import dataclass, field, replace

from bot.adapter import Arrival
from bot.dialog.events import Pressed
from bot.dialog.view import Screen, Text
from bot.person import GUEST, Decision, Person, Reply
from bot.published import commands_call
from bot.screen import Call, Place, compose
from bot.texts import Catalogue, Language
from storage.chats import ChatRow
from storage.inbox import Claimed


@dataclass(slots=True)
class Turn:
    """An update that is being handled, and what has become of it so far.

    Args:
        keyboard_up: the contact keyboard is on the person's screen.
        was: audience and language before, by which the client's command list was made.
    """

    claimed: Claimed
    arrival: Arrival
    person: Person
    decision: Decision
    keyboard_up: bool = False
    was: tuple[str, Language] = field(init=False)
    row: ChatRow | None = None
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.was = (self.person.audience, self.person.language)

    @property
    def pressed(self) -> Pressed | None:
        """The pressed button, if the update is one."""
        return self.arrival.event if isinstance(self.arrival.event, Pressed) else None

    @property
    def alert(self) -> Text | None:
        """The notice over the pressed button, where it is known before the core was asked."""
        return self.decision.alert if isinstance(self.decision, Reply) else None

    def compose(self, reply: Reply, catalogue: Catalogue) -> list[Call]:
        """The calls that show this reply in the person's chat."""
        screens = reply.screens
        if not screens:
            return []
        if self.keyboard_up and screens[-1].keyboard is None and not any(screen.drop_keyboard for screen in screens):
            screens = (Screen((Text("keyboard.away"),), drop_keyboard=True), *screens)
        pressed = self.pressed
        place = Place(
            chat_id=self.person.id,
            revision=self.person.revision + 1,
            dialog=reply.draft.flow if reply.draft else "menu",
            message_id=self.person.message_id,
            pressed=pressed.message_id if pressed and not reply.fresh else None,
        )
        language = reply.language or self.person.language
        calls = compose(screens, place, catalogue, language)
        audience = GUEST if reply.signed_out else self.person.audience
        if (audience, language) != self.was:
            calls.append(commands_call(self.person.id, audience, catalogue, language))
        return calls


def not_deleted(reply: Reply) -> Reply:
    """The reply, saying first that a password could not be deleted (DIALOGS rule 17)."""
    if not reply.screens:
        return reply
    first, *rest = reply.screens
    return replace(reply, screens=(first.led_by(Text("password.not_deleted")), *rest))


def changes_nothing(reply: Decision) -> bool:
    """Whether a decision leaves the chat just as it was: a double tap, something ignored."""
    return isinstance(reply, Reply) and not reply.screens and reply.language is None
