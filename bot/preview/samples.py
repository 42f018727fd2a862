"""What people answer, well and badly, to every question there is. A new question needs a line here.

The tests of the dialog rules and the preview of the texts both live on these (DIALOGS.md Rules).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from bot.dialog.events import Answer, File, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import Flow, Kind, Step, Value
from bot.dialog.view import Param, Text

NOW: Final = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
PHONE: Final = "13812345678"
SECRET: Final = "correct horse battery"  # noqa: S105 - a sample
CODE: Final = "492039"


class NoSampleError(LookupError):
    """There is a question nobody has written an answer for; the message says where it goes."""

    def __init__(self, what: str) -> None:
        super().__init__(f"add a sample for {what} to {__name__}")


# A good answer to each question that is typed, by the step's key.
TYPED: Final[Mapping[str, str]] = {
    "name": "王小明",
    "email": "anna@example.com",
    "birth_date": "1990-01-31",
    "username": "dr_wang",
    "login_email": "anna@example.com",
    "age": "35",
    "identifier": "138 1234 5678",
    "note": "多次冒用他人手机号，已电话核实。",
    "address": "朝阳区和平路 18 号 3 单元 502",
    "internal_id": "DOC2023001",
    "speciality": "儿童哮喘和过敏",
    "clinic": "和平路诊所",
    "fixed_phone": "010-12345678",
    "wechat": "wang_2024",
    "intro": "从医 20 年，看诊耐心细致。",
    "school": "北京大学医学部",
    "major": "临床医学",
    "appeal": "照片上的编号可以在官网查到。",
    "valid_until": "2028-12-31",
    "review_message": "请补交执业证第 2 页。",
    "review_message_more": "请把证件平放再拍。",
    "review_note": "已电话核实，查无此人。",
    "review_note_more": "第二次提交，仍然模糊。",
    "reopen_message": "请用新换发的证件再提交一次。",
    "medical_history": "2019 年做过阑尾手术，对青霉素过敏。",
}

# What people search for, and what there is to pick from.
SOUGHT: Final[Mapping[str, str]] = {"hospital_id": "协和", "department_id": "内科"}
FOUND: Final[Mapping[str, list[Value]]] = {
    "hospital_id": [{"id": number, "name": f"北京协和医院第{number}分院（东城院区）"} for number in range(1, 9)],
    "department_id": [{"id": number, "name": f"心血管内科第{number}病区"} for number in range(1, 9)],
}

# A photo that came, and as it is kept.
PHOTO: Final = Sent(Other.PHOTO, 7, File("file", 300_000))
KEPT: Final[Value] = {
    "path": "certificate/5f1c0a9e8d7b46c3a2e1f09b8c7d6e5a",
    "media_type": "image/jpeg",
    "size": 300_000,
    "width": 1280,
    "height": 960,
    "sha256": "0" * 64,
    "likeness": "0" * 64,
}

# What was settled when a dialog was opened, by the step's key.
GIVEN: Final[Mapping[str, Value]] = {
    "account": {"number": "P12", "name": "王小明", "role": "patient", "state": "active"},
    "phone": {"number": PHONE, "verified": True},
    "email": "anna@example.com",
    "submission": {"number": "C-7K2M9Q", "version": 2},
    "request": {"id": 1, "phone": "13912345678"},
    "proved": {"account_id": 1, "proof": "0" * 64, "account_key": "0" * 64, "until": "2026-03-01T04:10:00+00:00"},
}

# Wrong answers: those that any question may get, and those for one question only.
ANY_WRONG: Final = (
    "\u3000",
    "？",
    "字" * 4096,
    "王\u202e小明",
    "a\u0000b",
    "<b>&*_",
    "0",
    "-1",
    "9" * 40,
    "/",
    "\u2800",
)
WRONG: Final[Mapping[str, tuple[str, ...]]] = {
    "valid_until": ("2020-01-01", "3000-01-01", "01-02-2030", "2030-02-30", "明年"),
    "review_note": ("四个字呢", "字" * 301),
    "refuse_reasons": ("99", "XYZ", "1，99", "，"),
    "phone": ("1381234567", "138123456789", "12812345678", "李雷"),
    "who": ("1381234567", "12812345678", "wang", "wang@"),
    "identifier": ("1381234567", "138123456789", "12812345678", "wang", "wang@", "w@" + "x" * 260 + ".com"),
    "email": ("wang@", "w@" + "x" * 260 + ".com"),
    "login_email": ("wang@", "w@" + "x" * 260 + ".com"),
    "birth_date": ("01-02-1990", "1990-02-30", "2990-01-01", "1200-01-01", "春节"),
    "username": ("ab", "a" * 17, "a\u200bb"),
    "age": ("abc", "151", "-3"),
    "password": ("short", "x" * 65, " left over ", "password1", "two\nlines of words"),
    "code": ("49203", "4920399", "abc", "492 O39"),
    "wechat": ("a b", "x" * 21),
    "internal_id": ("a b", "x" * 33),
    "fixed_phone": ("a", "1" * 16),
}

# What admins type behind a command (DIALOGS.md Commands).
BEHIND: Final[Mapping[str, str]] = {
    "find": "王",
    "suspend": "P1",
    "restore": "P2",
    "reset": "7K3M2Q",
    "audit": "P1",
    **dict.fromkeys(("review", "approve", "reject", "release", "history", "reopen", "revoke"), "C-7K2M9Q"),
}

# What stands in the blanks of texts that are shown by themselves.
BLANKS: Final[dict[str, Param]] = {
    "number": "P12",
    "name": "王小明",
    "person": "P12 王小明",
    "value": "1990-01-31",
    "text": "2019 年做过阑尾手术。",
    "note": "已电话核实。",
    "count": 3,
    "given": 7,
    "min": 8,
    "max": 64,
    "most": 4,
    "failures": 7,
    "days": 14,
    "total": 9,
    "messages": 2,
    "length": 64,
    "at": NOW,
    "since": NOW,
    "used": NOW,
    "until": NOW,
    "sent": NOW,
    "submission": "C-7K2M9Q",
    "submissions": "C-7K2M9Q, C-3H8T4W",
    "mark": Text("queue.pending"),
    "photos": 2,
    "least": 320,
    "first": Text("reason.BLR"),
    "rest": Text("reason.CUT"),
    "role": Text("role.patient"),
    "state": Text("state.active"),
    "dialog": Text("title.register"),
    "ask": Text("name.name"),
    "where": Text("sessions.over_http"),
    "wait": Text("wait.minutes", {"count": 5}),
    "news": Text("notice.restored"),
    "what": Text("audit.login.done"),
    "by": Text("audit.by.owner"),
    "about": Text("command.help.about"),
    "bot": "clinic_bot",
    "admin": "A1 陈芳",
    "address": "https://example.com/photo.jpg",
    "phone": PHONE,
    "life": Text("wait.minutes", {"count": 30}),
    "version": 1,
    "left": 2,
    "hours": 4,
    "times": 5,
    "date": NOW.date(),
    "valid_until": NOW.date(),
    "problem": Text("error.photo.empty"),
    "reason": "照片模糊",
    "message": "请把第二页也拍来。",
    "reasons": "照片模糊：请对焦清楚，重新拍一张。",
}


def ways_on(flow: Flow, step: Step) -> Iterator[tuple[Answer, ...]]:
    """What may be done to answer a question well: each a series of events. Raises NoSampleError."""
    if step.search:
        yield _said(_of(SOUGHT, step)), pressed(flow, "pick", "0")
    elif step.takes:
        yield (PHOTO,) if step.most == 1 else (PHOTO, pressed(flow, "done"))
        if step.most > 1:
            yield pressed(flow, "anew"), PHOTO, pressed(flow, "done")
    elif step.long:
        yield _said(_of(TYPED, step)), pressed(flow, "done")
    elif step.kind is Kind.CONTACT:
        yield (Shared(PHONE, own=True),)
    elif step.secret:
        yield (_said(CODE if step.key == "code" else SECRET),)
    elif step.several:
        for number, _ in enumerate(step.choices):
            yield pressed(flow, "pick", str(number)), pressed(flow, "done")
    elif step.choices:
        for number, _ in enumerate(step.choices):
            yield (pressed(flow, "pick", str(number)),)
    else:
        yield (_said(_of(TYPED, step)),)
    if step.optional:
        yield (pressed(flow, "skip"),)


def wrong_answers(step: Step) -> list[Said]:
    """What is typed that may not be taken; some of it may be, at this question or that."""
    return [_said(text) for text in (*ANY_WRONG, *WRONG.get(step.key, ()))]


def stands(step: Step) -> Value:
    """What may stand today where a dialog changes something, as the step keeps it."""
    if step.search:
        return _of(FOUND, step)[0]
    if step.takes:
        return [KEPT]
    if step.several:
        return [step.choices[0].value]
    return step.choices[0].value if step.choices else _of(TYPED, step)


def given(flow: Flow) -> dict[str, Value]:
    """What a dialog was opened with. Raises NoSampleError."""
    return {step.key: _of(GIVEN, step) for step in flow.steps if step.given}


def pressed(flow: Flow, action: str, arg: str = "", *, revision: int = 0) -> Pressed:
    """A press of a button in that dialog."""
    return Pressed(flow.name, revision, action, arg, 1, "query")


def _said(text: str) -> Said:
    return Said(text, 7)


def _of(samples: Mapping[str, Value], step: Step) -> Value:
    if step.key not in samples:
        raise NoSampleError(f"the question {step.key!r}")
    return samples[step.key]
