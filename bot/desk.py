"""Decides what an update is answered with: which dialog or command it belongs to. Knows no network and no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot import acts
from bot.adapter import Arrival, Blocked, Edited, Ignored, InGroup
from bot.commands import SIGNED, Command
from bot.dialog.draft import Draft
from bot.dialog.engine import Checking, Engine, Outcome, fold
from bot.dialog.events import Answer, Pressed, Said, Sent
from bot.dialog.flow import REVIEW, Flow, Kind
from bot.dialog.screens import BACK, CANCEL, ERASE, KEEP, SKIP
from bot.dialog.view import Screen, Text
from bot.menu import leave_account, leave_dialog, menu
from bot.person import GUEST, Act, Ask, Case, Decision, Done, Left, Person, Reply, Submit
from bot.texts import LANGUAGES, Catalogue, Language
from core.errors import CoreError

_KEYBOARD: Final = (BACK, CANCEL, SKIP, KEEP, ERASE)
_GROUP_PAUSE: Final = timedelta(hours=1)
STALE: Final = Text("alert.stale")


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes what arrived and says what follows; the runner carries it out.

    Args:
        username: the bot's own, for the link to it.
    """

    engine: Engine
    catalogue: Catalogue
    commands: Mapping[str, Command]
    flows: Mapping[str, Flow]
    username: str

    def decide(self, person: Person, arrival: Arrival, now: datetime) -> Decision:
        """What this update is answered with."""
        event = arrival.event
        if isinstance(event, Ignored):
            return Reply(draft=person.draft)
        if isinstance(event, Blocked):
            return Left(now if event.blocked else None)
        if isinstance(event, InGroup):
            lately = person.answered_at is not None and now - person.answered_at < _GROUP_PAUSE
            return Reply() if lately else Reply((Screen((Text.of("group", bot=self.username),)),))
        person, notes = self._tidy(person)
        if isinstance(event, Edited):
            return self._edited(person, event)
        if isinstance(event, Pressed):
            return self._led(self._pressed(person, event, now), notes)
        return self._led(self._message(person, event, now), notes)

    def open(self, person: Person, name: str, now: datetime) -> Decision:
        """What `/name` does for this person, or the dialog of that name."""
        command = self.commands.get(name)
        if command is None:
            return self._begin(self.flows[name], now) if name in self.flows else self._unknown(person)
        if name == "cancel":
            return self._cancel(person)
        if person.draft and not command.aside:
            flow = self.flows[person.draft.flow]
            if command.flow is flow:
                return self._reply(self.engine.offer(flow, person.draft))
            return Reply((leave_dialog(person, flow.name, name),), person.draft)
        if person.audience not in command.audience:
            return self._not_theirs(person, name, command, now)
        if command.flow:
            return self._begin(command.flow, now)
        if command.screen:
            return self._aside(person, command.screen(person))
        assert command.act is not None
        return Ask(self._then_question(command))

    def after(self, person: Person, draft: Draft, done: Done, now: datetime) -> Decision:
        """What follows a submitted dialog: the menu, or what the person was on the way to (DIALOGS rule 25).

        Args:
            person: as they are now, signed in perhaps, with no dialog open.
            draft: the dialog that was submitted.
        """
        if done.then in self.flows:
            begun = self._begin(self.flows[done.then], now, draft.then, draft.then_for)
            return self._led(begun, done.notes)
        if draft.then and draft.then_for in (None, person.account_id):
            return self._led(self.open(person, draft.then, now), done.notes)
        return Reply((menu(person, *done.notes),))

    def fault(self, person: Person, number: str) -> Reply:
        """What is said when we failed: a number that the log has, too (SECURITY.md Errors)."""
        person, _ = self._tidy(person)
        return self._aside(person, menu(person, Text.of("fault", number=number)))

    def refused(self, submit: Submit, problem: Text, step: str) -> Reply:
        """A submitted dialog that was refused asks again, at the step the refusal is about."""
        known = step if step and any(each.key == step for each in submit.flow.steps) else ""
        return self._reply(self.engine.refuse(submit.flow, submit.draft, problem, step=known))

    def keyboard_up(self, person: Person) -> bool:
        """Whether the contact keyboard is on this person's screen."""
        flow = self.flows.get(person.draft.flow) if person.draft else None
        if flow is None or person.draft is None or person.draft.step == REVIEW:
            return False
        return any(step.key == person.draft.step and step.kind is Kind.CONTACT for step in flow.steps)

    def _tidy(self, person: Person) -> tuple[Person, tuple[Text, ...]]:
        """The person without a draft that is dead, another account's or of a gone flow; and what to say of it."""
        draft = person.draft
        if draft is None:
            if person.dead_flow is None:
                return person, ()
            return replace(person, dead_flow=None), (Text.of("draft.expired", dialog=_title(person.dead_flow)),)
        flow = self.flows.get(draft.flow)
        if flow is None:
            return replace(person, draft=None), (Text("draft.gone"),)
        if person.draft_of != person.account_id:
            return replace(person, draft=None), (Text.of("draft.other_account", dialog=_title(draft.flow)),)
        draft, changed = self.engine.update(flow, draft)
        return replace(person, draft=draft), ((Text("draft.updated"),) if changed else ())

    def _message(self, person: Person, event: Answer, now: datetime) -> Decision:
        draft = person.draft
        flow = self.flows[draft.flow] if draft else None
        if isinstance(event, Said):
            command = self._command(event.text, exact=_at_secret(flow, person))
            if command is not None:
                return self.open(person, command, now)
        if draft is None or flow is None:
            said = Text(f"wrong.{event.kind}") if isinstance(event, Sent) else Text("idle.text")
            return Reply((menu(person, said),))
        if isinstance(event, Said) and draft.step != REVIEW and flow.step(draft.step).kind is Kind.CONTACT:
            event = self._keyboard(flow, person, event)
        return self._advance(person, flow, event, now)

    def _pressed(self, person: Person, event: Pressed, now: datetime) -> Decision:
        draft = person.draft
        if event.revision != person.revision:
            return self._stale(person, event)
        if event.action in ("cmd", "leave"):
            if event.action == "leave" and draft:
                left = self.open(replace(person, draft=None), event.arg, now)
                return self._led(left, (Text.of("cancelled", dialog=_title(draft.flow)),))
            return self.open(person, event.arg, now)
        if event.action == "switch" and person.audience != GUEST:
            return Ask(lambda case: self._switch(case, event.arg))
        if event.action == "lang" and event.arg in LANGUAGES:
            return self._change_language(person, event.arg)
        if draft is None:
            return self._stale(person, event)
        return self._advance(person, self.flows[draft.flow], event, now)

    def _advance(self, person: Person, flow: Flow, event: Answer, now: datetime) -> Decision:
        assert person.draft is not None
        outcome = self.engine.advance(flow, person.draft, event, now)
        if outcome.stale and isinstance(event, Pressed):
            return self._stale(person, event)
        if outcome.submission:
            assert outcome.draft is not None
            return Submit(flow, outcome.draft, outcome.submission, outcome.forget)
        if outcome.checking:
            before = replace(person.draft, touched_at=now)
            return Ask(self._checked(flow, outcome.checking, outcome, replace(person, draft=before)))
        if outcome.closed:
            return self._closed(person, outcome)
        return self._reply(outcome)

    def _checked(self, flow: Flow, checking: Checking, outcome: Outcome, person: Person) -> Act:
        async def act(case: Case) -> Reply:
            assert person.draft is not None
            assert checking.step.check is not None
            try:
                await checking.step.check(case, checking.value, person.draft.answers)
            except CoreError as problem:
                return self._reply(self.engine.refuse(flow, person.draft, acts.sentence(problem)))
            return self._reply(outcome)

        return act

    def _then_question(self, command: Command) -> Act:
        async def act(case: Case) -> Reply:
            assert command.act is not None
            reply = await command.act(case)
            return self._aside(case.person, reply.screens[0]) if case.person.draft else reply

        return act

    async def _switch(self, case: Case, command: str) -> Reply:
        assert case.person.signed is not None
        await case.core.sessions.logout(case.uow, case.person.signed)
        then = self.open(acts.as_guest(case.person), command, case.uow.now)
        return replace(then, signed_out=True) if isinstance(then, Reply) else Reply((menu(acts.as_guest(case.person)),))

    def _begin(self, flow: Flow, now: datetime, then: str = "", then_for: int | None = None) -> Reply:
        outcome = self.engine.begin(flow, now)
        assert outcome.draft is not None
        return Reply(outcome.screens, replace(outcome.draft, then=then, then_for=then_for))

    def _not_theirs(self, person: Person, name: str, command: Command, now: datetime) -> Decision:
        if command.audience <= SIGNED and person.audience == GUEST:
            lapsed_from = person.signed.account_id if person.signed else None
            begun = self._begin(self.flows["login"], now, name, lapsed_from)
            return self._led(begun, (Text("login.first" if person.signed is None else "login.lapsed"),))
        if GUEST in command.audience:
            return Reply((leave_account(person, name),))
        return Reply((menu(person, Text("command.not_theirs")),))

    def _aside(self, person: Person, screen: Screen) -> Reply:
        if person.draft is None:
            return Reply((screen,))
        question = self.engine.again(self.flows[person.draft.flow], person.draft).screens
        return Reply((screen, *question), person.draft)

    def _unknown(self, person: Person) -> Reply:
        if person.draft:
            return self._reply(self.engine.again(self.flows[person.draft.flow], person.draft, Text("command.unknown")))
        return Reply((menu(person, Text("command.unknown")),))

    def _cancel(self, person: Person) -> Reply:
        if person.draft is None:
            return Reply((menu(person, Text("cancel.nothing")),))
        return self._closed(person, self.engine.cancel(self.flows[person.draft.flow], person.draft))

    def _closed(self, person: Person, outcome: Outcome) -> Reply:
        """The sentence that closed the dialog, on top of the menu."""
        *before, last = outcome.screens
        free = menu(replace(person, draft=None))
        if before:  # the first takes a keyboard away
            return Reply((replace(before[0], paragraphs=last.paragraphs), free))
        return Reply((replace(free, paragraphs=(*last.paragraphs, *free.paragraphs)),))

    def _change_language(self, person: Person, code: str) -> Reply:
        language: Language = "zh" if code == "zh" else "en"
        said = Text("language.done")
        if person.draft is None:
            return Reply((menu(person, said),), language=language)
        question = self.engine.again(self.flows[person.draft.flow], person.draft).screens
        return Reply((Screen((said,)), *question), person.draft, language)

    def _edited(self, person: Person, event: Edited) -> Reply:
        draft = person.draft
        if draft is None:
            return Reply((menu(person, Text("edited")),))
        flow = self.flows[draft.flow]
        secret = _at_secret(flow, person)
        shown = self.engine.again(flow, draft, Text("edited.password" if secret else "edited"))
        return replace(self._reply(shown), forget=(event.message_id,) if secret else ())

    def _stale(self, person: Person, event: Pressed) -> Reply:
        """An old button: a short alert, and the present screen unless it is the very message that was pressed."""
        if event.message_id == person.message_id:
            return Reply(draft=person.draft, alert=STALE)
        if person.draft is None:
            return Reply((menu(person),), alert=STALE, fresh=True)
        shown = self.engine.again(self.flows[person.draft.flow], person.draft)
        return replace(self._reply(shown), alert=STALE, fresh=True)

    def _command(self, text: str, *, exact: bool) -> str | None:
        """The command that a text is, without its slash; None for other text. `exact`: only one of ours, alone."""
        if not text.startswith("/"):
            return None
        if exact:
            return text[1:] if text[1:] in self.commands else None
        return text[1:].split(maxsplit=1)[0].casefold() if len(text) > 1 else ""

    def _keyboard(self, flow: Flow, person: Person, event: Said) -> Answer:
        """A press on the contact keyboard arrives as the text of its button."""
        typed = fold(event.text)
        for button in _KEYBOARD:
            if typed in self.catalogue.labels(button.label.key):
                return Pressed(flow.name, person.revision, button.action, button.arg, None, "")
        return event

    @staticmethod
    def _reply(outcome: Outcome) -> Reply:
        return Reply(outcome.screens, outcome.draft, forget=outcome.forget)

    @staticmethod
    def _led(decision: Decision, notes: tuple[Text, ...]) -> Decision:
        """The same decision with these sentences before what it shows."""
        if not notes:
            return decision
        if isinstance(decision, Reply) and decision.screens:
            first, *rest = decision.screens
            return replace(decision, screens=(first.led_by(*notes), *rest))
        if isinstance(decision, Ask):
            ask = decision

            async def act(case: Case) -> Reply:
                reply = await ask.act(case)
                first, *rest = reply.screens
                return replace(reply, screens=(first.led_by(*notes), *rest))

            return Ask(act)
        return decision


def _title(flow: str) -> Text:
    return Text(f"title.{flow}")


def _at_secret(flow: Flow | None, person: Person) -> bool:
    draft = person.draft
    return bool(flow and draft and draft.step != REVIEW and flow.step(draft.step).secret)
