"""Questions that photos answer: one, or several until "done"; an album comes as messages of their own, in any order."""

from dataclasses import replace

from bot.dialog import moves
from bot.dialog.draft import Draft, Received, packed
from bot.dialog.events import File, Sent
from bot.dialog.flow import REVIEW, Flow, Step, Value
from bot.dialog.outcome import Outcome, Taking
from bot.dialog.view import Text


def arrived(flow: Flow, draft: Draft, step: Step, event: Sent, *, late: bool) -> Outcome:
    """A photo that is to be fetched and kept, if there is room for it. `late` as in DIALOGS rule 18."""
    assert event.file is not None
    taking = Taking(step, event, late)
    if len(taken(_before(draft, step, event.file))) >= step.most:
        return refused(flow, draft, taking, Text.of("error.photo.too_many", most=step.most))
    return Outcome(draft, (), taking=taking)


def took(flow: Flow, draft: Draft, taking: Taking, photo: Value) -> Outcome:
    """A photo was kept: on to the review where one is all, else the question again, with how many there are."""
    step, file = taking.step, taking.file
    edit = _continues(draft, file)
    draft = _with(draft, taking, photo=photo)
    photos = taken(draft.received)
    if draft.step == REVIEW:  # the slow last one of an album
        answered = replace(draft, step=step.key, answers={**draft.answers, step.key: photos})
        return moves.go_to(flow, answered, REVIEW)
    if step.most == 1:
        return moves.take(flow, draft, step, photos, (moves.late_note(step, photos),) if taking.late else ())
    return replace(moves.again(flow, replace(draft, tries=0)), edit=edit)


def refused(flow: Flow, draft: Draft, taking: Taking, problem: Text) -> Outcome:
    """A photo was not taken: says why. Of an album it stays said while the rest comes."""
    edit = _continues(draft, taking.file)
    if not taking.file.album:
        return moves.refuse(flow, draft, problem)
    return replace(moves.again(flow, _with(draft, taking, problem=problem)), edit=edit)


def belongs(draft: Draft, event: Sent) -> bool:
    """Whether this is one more of an album of which others came before."""
    return event.file is not None and _continues(draft, event.file)


def done(flow: Flow, draft: Draft, step: Step) -> Outcome | None:
    """The photos that came are all: on to what follows; None while there are none."""
    photos = taken(draft.received)
    return moves.take(flow, draft, step, photos) if photos else None


def taken(received: list[Received]) -> list[Value]:
    """The photos that were kept, in the order in which they were sent."""
    in_order = sorted(received, key=lambda one: one["message_id"])
    return [one["photo"] for one in in_order if one["photo"]]


def _with(draft: Draft, taking: Taking, *, photo: Value = None, problem: Text | None = None) -> Draft:
    one = Received(
        message_id=taking.event.message_id,
        album=taking.file.album,
        photo=photo,
        problem=problem and packed(problem),
    )
    return replace(draft, received=[*_before(draft, taking.step, taking.file), one])


def _before(draft: Draft, step: Step, file: File) -> list[Received]:
    """What counts of what came before: a problem while its album comes; no photo that another is to replace."""
    same = _continues(draft, file)
    if step.most == 1 and not same:
        return []
    return [one for one in draft.received if one["photo"] or (same and one["album"] == file.album)]


def _continues(draft: Draft, file: File) -> bool:
    return bool(file.album) and any(one["album"] == file.album for one in draft.received)
