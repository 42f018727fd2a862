"""How an attempt, and what was decided about it, reads among admins (REVIEW.md)."""

from collections.abc import Sequence
from typing import Final

from bot.dialog.pages import shortened
from bot.dialog.view import Param, Text, isolated, on_one_line
from bot.reasons import label
from core.account import Account
from core.attempts import Decision, Outcome
from core.dossiers import Dossier, Record, Waiting
from core.flags import Flags
from core.profiles import Profile
from core.reasons import Message, Reason
from core.review_states import State

# Of 4,096 characters that a message holds, those that count twice among them.
_EARLIER: Final = 3
_SHORT: Final = 120
_NUMBERS: Final = 5
_BY_TIME: Final = frozenset({State.PENDING, State.WITHDRAWN, State.SUPERSEDED, State.EXPIRED, State.REVALIDATE})


def waiting(number: int, line: Waiting, reader: str) -> Text:
    """A line of the queue, for the admin of this number."""
    if line.claimed_by == reader:
        mark = Text("queue.yours")
    elif line.claimed_by is not None:
        mark = Text.of("queue.claimed", admin=line.claimed_by)
    elif line.state is State.PENDING:
        mark = Text("queue.appeal" if line.appeal else "queue.pending")
    else:
        mark = Text(f"queue.{line.state}")
    name = isolated(line.doctor)
    return Text.of("queue.line", number=number, submission=line.number, name=name, since=line.since, mark=mark)


def card(dossier: Dossier, places: Sequence[tuple[str, str]]) -> tuple[Text | tuple[Text, ...], ...]:
    """All that stands below the images. `places` are field and name of what the profile has by number."""
    title = Text.of("card.title", submission=dossier.number, sent=dossier.sent_at, state=_at_hand(dossier))
    return (
        title,
        tuple(_doctor(dossier.doctor, dossier.profile, places)),
        *filter(None, (tuple(_flags(dossier.flags)), tuple(_past(dossier)))),
    )


def state_line(record: Record) -> Text:
    """What became of an attempt, and whose doing that was."""
    if record.state is State.IN_REVIEW:
        return Text.of("attempt.in_review", admin=record.claimed_by or "")
    last = record.last
    if record.state in _BY_TIME or last is None or last.admin is None:
        return Text(f"attempt.{record.state}")
    return Text.of(f"attempt.{record.state}.by", admin=last.admin, at=last.at)


def history(record: Record) -> tuple[Text, ...]:
    """An attempt in a history: where it is, then every decision on it."""
    marks = Text("record.appeal") if record.appeal else ""
    title = Text.of("record.attempt", submission=record.number, sent=record.sent_at, mark=marks)
    ends = (Text.of("card.valid_until", until=record.valid_until),) if record.valid_until else ()
    shown = record.decisions[-_EARLIER:]
    more = (Text.of("record.more", submission=record.number),) if len(shown) < len(record.decisions) else ()
    return (title, state_line(record), *ends, *more, *(line for each in shown for line in decision(each)))


def decision(made: Decision, *, most: int = Message.MAX) -> list[Text]:
    """A decision, what the doctor was told, and the note for colleagues, at most so many characters of each."""
    kind = made.outcome.value
    if made.outcome is Outcome.PROPOSED:
        kind = "proposed_rejection" if made.reasons else "proposed_approval"
    what: Param = Text(f"outcome.{kind}")
    if made.reasons:
        what = Text.of("outcome.because", what=what, reasons=reasons(made.reasons))
    lines = [Text.of("decision.line", at=made.at, admin=made.admin or Text("audit.by.job"), what=what)]
    if made.message is not None:
        lines.append(Text.of("decision.message", message=on_one_line(shortened(made.message, most))))
    if made.note is not None:
        lines.append(Text.of("decision.note", note=on_one_line(shortened(made.note, most))))
    return lines


def reasons(made: Sequence[Reason]) -> Text | str:
    """Reasons in a row."""
    row: Text | str = ""
    for reason in reversed(made):
        row = Text.of("joined", first=label(reason), rest=row) if row else label(reason)
    return row


def _at_hand(dossier: Dossier) -> Text:
    if dossier.state is State.IN_REVIEW and dossier.claimed_until is not None:
        return Text.of("card.yours", until=dossier.claimed_until)
    if dossier.proposal is not None:
        proposed = Text("card.proposed_rejection" if dossier.proposal.reasons else "card.proposed_approval")
        return Text.of("card.second", admin=dossier.proposal.admin or "", what=proposed)
    return Text(f"queue.{dossier.state}")


def _doctor(doctor: Account, profile: Profile, places: Sequence[tuple[str, str]]) -> list[Text]:
    lines = [_line("name", Text.of("card.doctor", name=isolated(doctor.name), number=doctor.number))]
    if doctor.phone is not None:
        verified = "phone.verified" if doctor.phone_verified else "phone.unverified"
        lines.append(_line("phone", Text.of(verified, number=doctor.phone)))
    if doctor.email is not None:
        lines.append(_line("email", isolated(doctor.email)))
    lines += [_line(field, isolated(name)) for field, name in places]
    if profile.position_rank is not None:
        lines.append(_line("position_rank", Text(f"rank.{profile.position_rank}")))
    for field in ("internal_id", "speciality", "clinic"):
        value = getattr(profile, field)
        if value is not None:
            lines.append(_line(field, on_one_line(value)))
    return lines


def _line(field: str, value: Param) -> Text:
    return Text.of("review.line", name=Text(f"name.{field}"), value=value)


def _flags(flags: Flags) -> list[Text]:
    lines = []
    if flags.former_name is not None:
        lines.append(Text.of("flag.former_name", name=isolated(flags.former_name)))
    if flags.same_bytes:
        lines.append(Text.of("flag.same_bytes", submissions=_numbers(flags.same_bytes)))
    if flags.alike:
        lines.append(Text.of("flag.alike", submissions=_numbers(flags.alike)))
    if flags.small:
        lines.append(Text.of("flag.small", photos=flags.small))
    lines += [
        Text.of("flag.past_refusal", at=past.refused_at, state=Text(f"attempt.{past.state}"))
        for past in flags.past_refusals[:3]
    ]
    return lines


def _numbers(submissions: Sequence[str]) -> str:
    shown = ", ".join(submissions[:_NUMBERS])
    return shown if len(submissions) <= _NUMBERS else f"{shown}, …"


def _past(dossier: Dossier) -> list[Text]:
    """The appeal, and what was decided before: on this attempt, then on others; newest first."""
    lines = []
    if dossier.appeal_message is not None:
        lines.append(Text.of("card.appeal", message=on_one_line(dossier.appeal_message)))
    made = [*reversed(dossier.decisions)]
    made += [each for record in dossier.earlier for each in reversed(record.decisions)]
    for each in made[:_EARLIER]:
        lines += decision(each, most=_SHORT)
    return lines
