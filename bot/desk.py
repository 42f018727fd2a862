"""Decides what an update is answered with: which dialog or command it belongs to. Knows no network and no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeGuard

from bot import acts, between
from bot.adapter import Arrival, Blocked, Edited, Ignored, InGroup
from bot.asking import checked, checks_of, reply, searched
from bot.commands import SIGNED, Command
from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.events import Answer, Pressed, Said, Sent
from bot.dialog.flow import REVIEW, Answers, Flow, Value
from bot.dialog.outcome import Checking, Outcome, Submission
from bot.dialog.screens import CANCEL, CONTROLS, GO_ON, START_OVER, cancelled, submit
from bot.dialog.view import Button, Screen, Text
from bot.drafts import tidied
from bot.menu import LEAVE, leave_account, menu
from bot.person import GUEST, Act, Ask, Case, Decision, Done, Left, Person, Reply, Submit, led
from bot.texts import LANGUAGES, Catalogue, Language

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
        person, notes = tidied(person, self.flows, self.engine)
        if isinstance(event, Edited):
            return self._edited(person, event)
        maybe_secret = person.may_mean_secret(now)
        if person.draft and notes:
            return self._after_update(person, event, notes, maybe_secret)
        if isinstance(event, Pressed):
            return led(self._pressed(person, event, now), notes)
        unasked = maybe_secret and person.draft is None
        if unasked and isinstance(event, Said) and not self._is_command(person, event.text):
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
            if person.draft.is_empty:  # there is nothing to lose: no question
                return self.open(replace(person, draft=None), name, now, typed)
            return between.asking_to_leave(flow, person.draft, f"{name} {typed}".strip())
        if not theirs:
            return self._not_theirs(person, name, command, now, typed)
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
            return led(self._begin(self.flows[done.then], now, draft, done.given), done.notes)
        if draft.then or draft.kept:
            return led(self._onward(person, draft, now), done.notes)
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
        given = {key: value for key, value in submit.draft.answers.items() if key != submit.draft.step}
        draft = replace(submit.draft, answers=given)  # what was just refused is no answer to keep
        return reply(self.engine.refuse(submit.flow, draft, problem, step=next(asking, "")))

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

    def _logged_out(self, person: Person, event: "Answer | Edited", now: datetime) -> "Decision | None":
        """Who was logged out in the middle of a dialog logs in first and goes on with it (DIALOGS rule 25)."""
        draft = person.draft
        if draft is None or person.draft_of is None or person.account_id is not None or isinstance(event, Edited):
            return None
        secret = _at_secret(self.flows.get(draft.flow), person)
        forget = (event.message_id,) if secret and isinstance(event, Said | Sent) else ()
        way = replace(draft, then="", then_for=person.draft_of, kept=draft)
        if isinstance(event, Pressed) and (event.action == "cancel" or event.action in _ANYWHERE):
            return None
        if isinstance(event, Said) and (name := self._command(event.text, exact=secret)) is not None:
            command, forget = self.commands.get(name), ()
            if command and GUEST in command.audience and command.aside:
                begun = self._begin(self.flows["login"], now, way)
                return self.open(replace(person, draft=begun.draft, draft_of=None), name, now)
            if command is None or (GUEST in command.audience and name != "login"):
                return None
            if name != "login":
                way = replace(way, then=event.text[1:])
        return led(replace(self._begin(self.flows["login"], now, way), forget=forget), (_first(person),))

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
            named = isinstance(event, Said) and between.command_of(event.text, person, self.catalogue.labels)
            return self.open(person, named, now) if named else between.idle(person, event)
        if draft.asking:
            return self._asked(person, flow, event, now)
        if isinstance(event, Said) and not _at_secret(flow, person):
            buttons = (*CONTROLS, submit(flow)) if draft.step == REVIEW else CONTROLS
            press = self._label(flow, person, event, buttons)
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
        if event.action == "leave" and draft:
            left = self._open_line(replace(person, draft=None), between.wanted(draft) or event.arg, now)
            return led(left, (cancelled(self.flows[draft.flow]),))
        if event.action in ("cmd", "leave"):
            return self.open(person, event.arg, now)
        if event.action == "switch" and draft is None and person.audience != GUEST:
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
        if isinstance(then, Ask):
            then = await then.act(replace(case, person=guest))
        return replace(then if isinstance(then, Reply) else Reply((menu(guest),)), signed_out=True)

    def _onward(self, person: Person, draft: Draft, now: datetime) -> Decision:
        """What the person was on the way to when this dialog came first (DIALOGS rule 25), or the menu."""
        notes: tuple[Text, ...] = ()
        if draft.kept:  # the desk closes it in words when it is not this account's
            kept = replace(person, draft=draft.kept, draft_of=draft.then_for)
            person, notes = tidied(kept, self.flows, self.engine)
        if draft.then and draft.then_for in (None, person.account_id):
            return led(self._open_line(person, draft.then, now), notes)
        return self.said(person, *notes)

    def _open_line(self, person: Person, line: str, now: datetime) -> Decision:
        """As `open`, for a command with what was typed behind it."""
        name, _, typed = line.partition(" ")
        return self.open(person, name, now, typed)

    def _begin(self, flow: Flow, now: datetime, way: Draft | None = None, given: Answers | None = None) -> Reply:
        outcome = self.engine.begin(flow, now, answers=given)
        assert outcome.draft is not None
        return Reply(outcome.screens, outcome.draft.leading_on(way) if way else outcome.draft)

    def _not_theirs(self, person: Person, name: str, command: Command, now: datetime, typed: str) -> Decision:
        if name == "logout":
            return self.said(person, Text("logout.guest"))
        if command.audience <= SIGNED and person.audience == GUEST:
            lapsed_from = person.draft_of or (person.signed.account_id if person.signed else None)
            begun = self._begin(self.flows["login"], now)
            assert begun.draft is not None
            then = replace(begun.draft, then=f"{name} {typed}".strip(), then_for=lapsed_from)
            return led(replace(begun, draft=then), (_first(person),))
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

    def _stale(self, person: Person, event: Pressed) -> Decision:
        """An old button: a short alert, and the present screen unless it is the very message that was pressed.

        Outside of dialogs an old button of a command's screen shows that command's present one.
        """
        if event.message_id == person.message_id:
            return Reply(draft=person.draft, alert=STALE)
        command = self.commands.get(event.action)
        if person.draft is None and command and command.act and person.audience in command.audience:
            return Ask(lambda case: command.show_again(replace(case, person=person), event.arg), alert=STALE)
        return replace(self.said(person), alert=STALE, fresh=True)

    def _command(self, text: str, *, exact: bool = False) -> str | None:
        """The command that a text is, without its slash; None for other text. `exact`: only one of ours, alone."""
        if not text.startswith("/"):
            return None
        if exact:
            return text[1:] if text[1:] in self.commands else None
        return "".join(text[1:].split(maxsplit=1)[:1]).casefold()

    def _is_command(self, person: Person, text: str) -> bool:
        """Whether a text is one of ours: written so, or by what its button says."""
        return self._command(text) in self.commands or bool(between.command_of(text, person, self.catalogue.labels))

    def _asked(self, person: Person, flow: Flow, event: Answer, now: datetime) -> Decision:
        """Whether to leave the dialog was asked: what is typed answers that, and never the dialog's own question."""
        assert person.draft is not None
        press = self._label(flow, person, event, _WAYS_ON) if isinstance(event, Said) else None
        if press and (press.action != "leave" or between.wanted(person.draft)):
            return self._pressed(person, press, now)
        secret = _at_secret(flow, person) and isinstance(event, Said | Sent)
        forget = (event.message_id,) if secret and isinstance(event, Said | Sent) else ()
        return replace(between.again(flow, person.draft, event), forget=forget)

    def _label(self, flow: Flow, person: Person, event: Said, buttons: tuple[Button, ...]) -> Pressed | None:
        return between.press_of(event.text, buttons, flow, person.revision, self.catalogue.labels)


def _first(person: Person) -> Text:
    """That one has to log in first."""
    return Text("login.first" if person.signed is None else "login.lapsed")


def _at_secret(flow: Flow | None, person: Person) -> bool:
    draft = person.draft
    return bool(flow and draft and draft.step != REVIEW and flow.step(draft.step).secret)


def _was_refused(decision: Decision, before: Draft) -> TypeGuard[Reply]:
    after = decision.draft if isinstance(decision, Reply) else None
    return after is not None and after.step == before.step and after.tries > before.tries
