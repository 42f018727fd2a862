"""One update on its way: from what arrived to what is committed and shown."""

from dataclasses import dataclass, field, replace

from bot.adapter import Arrival
from bot.dialog.events import Pressed
from bot.dialog.view import Screen, Text
from bot.person import GUEST, Ask, Decision, Person, Reply
from bot.published import Listing, list_name, listing_for
from bot.screen import Call, Place, compose
from bot.texts import Catalogue
from storage.chats import ChatRow
from storage.inbox import Waiting


@dataclass(slots=True)
class Turn:
    """An update that is being handled, and what has become of it so far."""

    waiting: Waiting
    arrival: Arrival
    person: Person
    decision: Decision
    row: ChatRow | None = None
    calls: list[Call] = field(default_factory=list)
    listing: Listing | None = None

    @property
    def pressed(self) -> Pressed | None:
        """The pressed button, if the update is one."""
        return self.arrival.event if isinstance(self.arrival.event, Pressed) else None

    @property
    def alert(self) -> Text | None:
        """The notice over the pressed button, where it is known before the core was asked."""
        return self.decision.alert if isinstance(self.decision, Reply | Ask) else None

    def compose(self, person: Person, reply: Reply, catalogue: Catalogue) -> list[Call]:
        """The calls that show this reply in the person's chat; `person` is who they are after it."""
        if not reply.screens:
            return []
        pressed = self.pressed
        place = Place(
            chat_id=person.id,
            revision=person.revision + 1,
            dialog=reply.draft.flow if reply.draft else "menu",
            message_id=person.message_id,
            pressed=person.message_id if reply.edit else pressed.message_id if pressed and not reply.fresh else None,
        )
        language = reply.language or person.language
        screens = _without_keyboard(reply.screens) if person.keyboard else reply.screens
        audience = GUEST if reply.signed_out else person.audience
        if person.id > 0 and list_name(audience, language) != person.listed:  # groups have no list of their own
            self.listing = listing_for(person.id, audience, catalogue, language)
        return compose(screens, place, catalogue, language)


def _without_keyboard(screens: tuple[Screen, ...]) -> tuple[Screen, ...]:
    """The screens, the contact keyboard taken away by the first of them that can, unless the last one brings it again.

    Telegram takes a keyboard away only with a new message, which can then have no buttons of its own.
    """
    if screens[-1].keyboard:
        return screens
    if screens[0].buttons:
        screens = (Screen((Text("keyboard.away"),)), *screens)
    return (replace(screens[0], drop_keyboard=True), *screens[1:])


def not_deleted(reply: Reply) -> Reply:
    """The reply, saying first that a password could not be deleted (DIALOGS rule 17)."""
    if not reply.screens:
        return reply
    first, *rest = reply.screens
    return replace(reply, screens=(first.led_by(Text("password.not_deleted")), *rest))


def changes_nothing(reply: Decision) -> bool:
    """Whether a decision leaves the chat just as it was: a double tap, something ignored."""
    return isinstance(reply, Reply) and not reply.screens and reply.language is None
