"""Decides what an update is answered with: which dialog or command it belongs to. Knows no network and no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeGuard

from bot import acts
from bot.adapter import Arrival, Blocked, Edited, Ignored, InGroup
from bot.asking import checked, checks_of, reply, searched
from bot.commands import SIGNED, Command
from bot.dialog.draft import Draft
from bot.dialog.engine import Engine, fold
from bot.dialog.events import Answer, Pressed, Said, Sent
from bot.dialog.flow import REVIEW, Flow, Value, flow_text
from bot.dialog.outcome import Checking, Outcome, Submission
from bot.dialog.screens import (
    ANEW,
    BACK,
    CANCEL,
    DONE,
    ERASE,
    GO_ON,
    KEEP,
    MISSING,
    PHOTOS_DONE,
    SKIP,
    START_OVER,
    cancelled,
)
from bot.dialog.view import Button, Screen, Text
from bot.menu import LEAVE, leave_account, leave_dialog, menu
from bot.person import GUEST, Act, Ask, Case, Decision, Done, Left, Person, Reply, Submit, led
from bot.texts import LANGUAGES, Catalogue, Language

_CONTROLS: Final = (BACK, CANCEL, SKIP, KEEP, ERASE, MISSING, DONE, PHOTOS_DONE, ANEW)
_WAYS_ON: Final = (GO_ON, START_OVER, CANCEL, LEAVE)
_ANYWHERE: Final = frozenset({"cmd", "leave", "lang", "switch"})
_GROUP_PAUSE: Final = timedelta(hours=1)
_SECRET_LIFE: Final = timedelta(days=7)
_SECRET_ECHO: Final = timedelta(seconds=15)
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
        if (back := self._logged_out(person, event, now)) is not None:
            return back
        person, notes = self._tidy(person)
        if isinstance(event, Edited):
            return self._edited(person, event)
        maybe_secret = person.may_mean_secret(now)
        if person.draft and notes:
            return self._after_update(person, event, notes, maybe_secret)
        if isinstance(event, Pressed):
            return led(self._pressed(person, event, now), notes)
        unasked = maybe_secret and person.draft is None
        if unasked and isinstance(event, Said) and self._command(event.text) not in self.commands:
            return Reply((menu(person, *notes, Text("password.stray")),), forget=(event.message_id,))
        return led(self._message(person, event, now), notes)

    def open(self, person: Person, name: str, now: datetime, typed: str = "") -> Decision:
        """What `/name` does for this person; `typed` is what came behind it."""
        command = self.commands.get(name)
        if command is None:
            return self.said(person, Text("command.unknown"))
        if name == "cancel":
            return self._cancel(person)
        theirs = person.audience in command.audience
        if command.needs and not theirs and person.audience != GUEST:
            return Ask(acts.refusing(command.needs))
        if person.draft and not (command.aside and theirs):
            flow = self.flows[person.draft.flow]
            if command.flow is flow:
                return reply(self.engine.offer(flow, person.draft))
            if not (person.draft.answers or person.draft.parts):  # there is nothing to lose: no question
                return self.open(replace(person, draft=None), name, now, typed)
            return Reply((leave_dialog(flow.name, name),), replace(person.draft, asking=f"leave:{name}"))
        if not theirs:
            return self._not_theirs(person, name, command, now)
        if command.flow:
            return self._begin(command.flow, now)
        if command.screen:
            return self._aside(person, command.screen(person))
        assert command.act is not None
        return Ask(self._then_question(person, command.act, typed))

    def after(self, person: Person, draft: Draft, done: Done, now: datetime) -> Decision:
        """What follows a submitted dialog: the menu, or what the person was on the way to (DIALOGS rule 25).

        Args:
            person: as they are now, signed in perhaps, with no dialog open.
            draft: the dialog that was submitted.
        """
        if done.proved_until:
            return reply(self.engine.proved(self.flows[draft.flow], draft, done.proved_until))
        if home := self.flows[draft.flow].home:
            return led(self._home(person, home, now), done.notes)
        if done.then in self.flows:
            begun = self._begin(self.flows[done.then], now, draft.then, draft.then_for)
            return led(begun, done.notes)
        if draft.then and draft.then_for in (None, person.account_id):
            return led(self.open(person, draft.then, now), done.notes)
        apart = (Screen((done.apart,)),) if done.apart else ()
        return Reply((*apart, menu(person, *done.notes)))

    def took(self, submit: Submit, photo: Value) -> Reply:
        """What follows when the photo that came is kept."""
        assert submit.taking is not None
        return reply(self.engine.took(submit.flow, submit.draft, submit.taking, photo))

    def refused(self, submit: Submit, problem: Text, field: str) -> Reply:
        """A submitted dialog that was refused asks again, at the step that core's field is asked by."""
        if submit.taking:
            return reply(self.engine.took_not(submit.flow, submit.draft, submit.taking, problem))
        path = submit.flow.path(submit.draft.answers)
        asking = (step.key for step in submit.flow.steps if field and step.field == field and step.key in path)
        return reply(self.engine.refuse(submit.flow, submit.draft, problem, step=next(asking, "")))

    def said(self, person: Person, *notes: Text) -> Reply:
        """These sentences, and then the pending question, or the menu."""
        if person.draft is None:
            return Reply((menu(person, *notes),))
        return reply(self.engine.again(self.flows[person.draft.flow], person.draft, *notes))

    def secret_until(self, reply: Reply, now: datetime, *, took: bool) -> datetime | None:
        """Until when a text that nothing asked for may be a password: as long as one was the last thing to be asked.

        Args:
            took: a password was just taken or deleted; for a moment more it may come a second time.
        """
        draft = reply.draft
        if draft and draft.flow in self.flows and self.flows[draft.flow].is_secret(draft.step):
            return now + _SECRET_LIFE
        return now + _SECRET_ECHO if took else None

    def _logged_out(self, person: Person, event: "Answer | Edited", now: datetime) -> Reply | None:
        """Who was logged out in the middle of a dialog logs in first and goes on with it (DIALOGS rule 25)."""
        draft = person.draft
        if draft is None or person.draft_of is None or person.account_id is not None or isinstance(event, Edited):
            return None
        secret = _at_secret(self.flows.get(draft.flow), person)
        if isinstance(event, Said) and self._command(event.text, exact=secret) is not None:
            return None
        if isinstance(event, Pressed) and (event.revision != person.revision or event.action in _ANYWHERE):
            return None
        name = draft.flow.partition(".")[0]
        theirs = name in self.commands and GUEST not in self.commands[name].audience
        back = self.open(replace(person, draft=None), name, now) if theirs else None
        forget = (event.message_id,) if secret and isinstance(event, Said | Sent) else ()
        return replace(back, forget=forget) if isinstance(back, Reply) else None

    def _tidy(self, person: Person) -> tuple[Person, tuple[Text, ...]]:
        """The person without a draft that is dead, another account's or of a gone flow; and what to say of it."""
        draft = person.draft
        if draft is None:
            if person.dead_flow is None:
                return person, ()
            title = flow_text("title", person.dead_flow)
            return replace(person, dead_flow=None), (Text.of("draft.expired", dialog=title),)
        flow = self.flows.get(draft.flow)
        if flow is None:
            return replace(person, draft=None), (Text("draft.gone"),)
        if person.draft_of != person.account_id:
            return replace(person, draft=None), (Text.of("draft.other_account", dialog=flow_text("title", draft.flow)),)
        draft, changed = self.engine.update(flow, draft)
        return replace(person, draft=draft), ((Text("draft.updated"),) if changed else ())

    def _after_update(self, person: Person, event: Answer, notes: tuple[Text, ...], maybe_secret: bool) -> Reply:
        """The questions have changed: what was said was meant for another one, and is not taken for this."""
        forget = (event.message_id,) if maybe_secret and isinstance(event, Said | Sent) else ()
        return replace(self.said(person, *notes), forget=forget)

    def _message(self, person: Person, event: Answer, now: datetime) -> Decision:
        draft = person.draft
        flow = self.flows[draft.flow] if draft else None
        if isinstance(event, Said):
            command = self._command(event.text, exact=_at_secret(flow, person))
            if command is not None:
                return self.open(person, command, now, "".join(event.text.split(maxsplit=1)[1:]).strip())
        if draft is None or flow is None:
            said = Text(f"wrong.{event.kind}") if isinstance(event, Sent) else Text("idle.text")
            return Reply((menu(person, said),))
        if draft.asking:
            return self._asked(person, flow, event, now)
        if isinstance(event, Said) and not _at_secret(flow, person):
            press = self._label(flow, person, event, _CONTROLS)
            if press and not self.engine.advance(flow, draft, press, now).stale:
                event = press
        decision = self._advance(person, flow, event, now)
        if isinstance(event, Sent) and _at_secret(flow, person) and isinstance(decision, Reply):
            return replace(decision, forget=(event.message_id,))  # a caption may be the password
        if isinstance(event, Said) and person.may_mean_secret(now) and _was_refused(decision, draft):
            return replace(decision, forget=(event.message_id,))  # the password once more, a step too late
        return decision

    def _pressed(self, person: Person, event: Pressed, now: datetime) -> Decision:
        draft = person.draft
        if event.revision != person.revision:
            return self._stale(person, event)
        if event.action in ("cmd", "leave"):
            if event.action == "leave" and draft:
                left = self.open(replace(person, draft=None), event.arg, now)
                return led(left, (cancelled(self.flows[draft.flow]),))
            return self.open(person, event.arg, now)
        if event.action == "switch" and person.audience != GUEST:
            return Ask(lambda case: self._switch(case, event.arg))
        if event.action == "lang" and event.arg in LANGUAGES:
            return self._change_language(person, event.arg)
        command = self.commands.get(event.action)
        if draft is None and command and command.pressed:
            return self._on_command(person, event, command, now)
        if draft is None or event.dialog != draft.flow:
            return self._stale(person, event)
        return self._advance(person, self.flows[draft.flow], event, now)

    def _on_command(self, person: Person, event: Pressed, command: Command, now: datetime) -> Decision:
        """A button of a command's own screen; who was logged out meanwhile logs in first (DIALOGS rule 25)."""
        if person.audience not in command.audience:
            return self.open(person, event.action, now)
        pressed = command.pressed
        assert pressed is not None
        return Ask(lambda case: pressed(replace(case, person=person), event.arg))

    def _home(self, person: Person, button: tuple[str, str], now: datetime) -> Decision:
        """The screen that a dialog was opened from, as if that button of it had been pressed."""
        command, arg = button
        press = Pressed("menu", person.revision, command, arg, None, "")
        return self._on_command(replace(person, draft=None), press, self.commands[command], now)

    def _advance(self, person: Person, flow: Flow, event: Answer, now: datetime) -> Decision:
        assert person.draft is not None
        outcome = self.engine.advance(flow, person.draft, event, now)
        if outcome.stale and isinstance(event, Pressed):
            if not event.query_id:  # typed, on the contact keyboard: there is no button to answer
                return reply(self.engine.refuse(flow, person.draft, Text("wrong.choice")))
            return self._stale(person, event)
        if outcome.submission:
            assert outcome.draft is not None
            return Submit(flow, outcome.draft, outcome.submission, outcome.forget)
        if outcome.taking and outcome.draft:
            return Submit(flow, outcome.draft, Submission({}, outcome.taking.event), taking=outcome.taking)
        if outcome.searching and outcome.draft:
            return searched(self.engine, flow, outcome.draft, outcome.searching)
        if outcome.home and flow.home:
            return self._home(person, flow.home, now)
        checks: tuple[Checking, ...] = (outcome.checking,) if outcome.checking else ()
        if isinstance(event, Pressed) and event.action == "next":
            checks = checks_of(flow, person.draft)  # another answer may have changed what an earlier check was about
        if checks:
            before = replace(person.draft, touched_at=now, asking="")
            return checked(self.engine, flow, checks, outcome, before)
        if outcome.closed:
            return self._closed(person, outcome)
        return reply(outcome)

    def _then_question(self, person: Person, ask: Act, typed: str) -> Act:
        async def act(case: Case) -> Reply:
            reply = await ask(replace(case, person=person, typed=typed))  # without the dialog that was just left
            return self._aside(person, reply.screens[0]) if person.draft else reply

        return act

    async def _switch(self, case: Case, command: str) -> Reply:
        assert case.person.signed is not None
        await case.core.sessions.logout(case.uow, case.person.signed)
        guest = acts.as_guest(case.person)
        then = self.open(guest, command, case.uow.now)
        return replace(then if isinstance(then, Reply) else Reply((menu(guest),)), signed_out=True)

    def _begin(self, flow: Flow, now: datetime, then: str = "", then_for: int | None = None) -> Reply:
        outcome = self.engine.begin(flow, now)
        assert outcome.draft is not None
        return Reply(outcome.screens, replace(outcome.draft, then=then, then_for=then_for))

    def _not_theirs(self, person: Person, name: str, command: Command, now: datetime) -> Decision:
        if name == "logout":
            return self.said(person, Text("logout.guest"))
        if command.audience <= SIGNED and person.audience == GUEST:
            lapsed_from = person.draft_of or (person.signed.account_id if person.signed else None)
            begun = self._begin(self.flows["login"], now, name, lapsed_from)
            return led(begun, (Text("login.first" if person.signed is None else "login.lapsed"),))
        if GUEST in command.audience:
            return Reply((leave_account(person, name),))
        return Reply((menu(person, Text("command.not_theirs")),))

    def _aside(self, person: Person, screen: Screen) -> Reply:
        if person.draft is None:
            return Reply((screen,))
        question = self.engine.again(self.flows[person.draft.flow], person.draft)
        return Reply((screen, *question.screens), question.draft)

    def _cancel(self, person: Person) -> Reply:
        if person.draft is None:
            return Reply((menu(person, Text("cancel.nothing")),))
        return self._closed(person, self.engine.cancel(self.flows[person.draft.flow]))

    @staticmethod
    def _closed(person: Person, outcome: Outcome) -> Reply:
        """The sentence that closed the dialog, on top of the menu."""
        free = menu(replace(person, draft=None))
        return Reply((replace(free, paragraphs=(*outcome.screens[0].paragraphs, *free.paragraphs)),))

    def _change_language(self, person: Person, code: str) -> Reply:
        language: Language = "zh" if code == "zh" else "en"
        said = Text("language.done")
        if person.draft is None:
            return Reply((menu(person, said),), language=language)
        question = self.engine.again(self.flows[person.draft.flow], person.draft)
        return Reply((Screen((said,)), *question.screens), question.draft, language)

    def _edited(self, person: Person, event: Edited) -> Reply:
        draft = person.draft
        if draft is None:
            return Reply((menu(person, Text("edited")),))
        flow = self.flows[draft.flow]
        secret = _at_secret(flow, person)
        shown = self.engine.again(flow, draft, Text("edited.password" if secret else "edited"))
        return replace(reply(shown), forget=(event.message_id,) if secret else ())

    def _stale(self, person: Person, event: Pressed) -> Reply:
        """An old button: a short alert, and the present screen unless it is the very message that was pressed."""
        if event.message_id == person.message_id:
            return Reply(draft=person.draft, alert=STALE)
        return replace(self.said(person), alert=STALE, fresh=True)

    def _command(self, text: str, *, exact: bool = False) -> str | None:
        """The command that a text is, without its slash; None for other text. `exact`: only one of ours, alone."""
        if not text.startswith("/"):
            return None
        if exact:
            return text[1:] if text[1:] in self.commands else None
        return "".join(text[1:].split(maxsplit=1)[:1]).casefold()

    def _asked(self, person: Person, flow: Flow, event: Answer, now: datetime) -> Decision:
        """Whether to leave the dialog was asked: what is typed answers that, and never the dialog's own question."""
        assert person.draft is not None
        press = self._label(flow, person, event, _WAYS_ON) if isinstance(event, Said) else None
        leaving = person.draft.asking.partition(":")[2]
        if press and press.action == "leave" and leaving:
            return self._pressed(person, replace(press, arg=leaving), now)
        if press and press.action != "leave":
            return self._pressed(person, press, now)
        again = leave_dialog(flow.name, leaving) if leaving else self.engine.offer(flow, person.draft).screens[0]
        secret = _at_secret(flow, person) and isinstance(event, Said | Sent)
        forget = (event.message_id,) if secret and isinstance(event, Said | Sent) else ()
        return Reply((again.led_by(Text("wrong.choice")),), person.draft, forget=forget)

    def _label(self, flow: Flow, person: Person, event: Said, buttons: tuple[Button, ...]) -> Pressed | None:
        """The press that a typed label stands for: on the contact keyboard presses come so, and people type them."""
        typed = fold(event.text)
        for button in buttons:
            if typed in self.catalogue.labels(button.label.key):
                return Pressed(flow.name, person.revision, button.action, button.arg, None, "")
        return None


def _at_secret(flow: Flow | None, person: Person) -> bool:
    draft = person.draft
    return bool(flow and draft and draft.step != REVIEW and flow.step(draft.step).secret)


def _was_refused(decision: Decision, before: Draft) -> TypeGuard[Reply]:
    after = decision.draft if isinstance(decision, Reply) else None
    return after is not None and after.step == before.step and after.tries > before.tries
