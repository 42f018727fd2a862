"""What people tell of themselves, and what is refused (CONTRACT.md 1, DIALOGS rule 27)."""

from typing import Any

import pytest

from core.errors import InvalidValue
from core.profile_values import (
    Address,
    AvatarUrl,
    ClinicName,
    FixedPhone,
    InternalId,
    Intro,
    Major,
    MedicalHistory,
    PositionRank,
    School,
    Speciality,
    WeChat,
)

FREE = [Address, MedicalHistory, Speciality, ClinicName, Intro, School, Major]


def fault(kind: Any, text: str) -> str:
    """The fault a text is refused for, without its field; `taken` if it is not."""
    try:
        kind.parse(text)
    except InvalidValue as refusal:
        return refusal.code.removeprefix(f"{refusal.field}.")
    return "taken"


@pytest.mark.parametrize("kind", FREE)
@pytest.mark.parametrize("text", ["<b>北京</b> *_`", "👨‍👩‍👧 é 𠮷", "=HYPERLINK(1)", "{name} %s", "عيادة"])
def test_free_text_is_kept_as_typed(kind: type[Address], text: str) -> None:
    assert kind.parse(f"  {text}\n").value == text


@pytest.mark.parametrize("kind", FREE)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \u3000\n", "empty"),
        ("\u200b\u200d\ufeff", "empty"),
        ("a\x00b", "wrong_characters"),
        ("a\x1b[2Jb", "wrong_characters"),
        ("a\ud800b", "wrong_characters"),
        ("a\u202eb", "wrong_characters"),
        ("a\u2066b", "wrong_characters"),
    ],
)
def test_free_text_that_plays_tricks_is_refused(kind: type[Address], text: str, says: str) -> None:
    assert fault(kind, text) == says


@pytest.mark.parametrize("kind", FREE)
def test_free_text_is_measured_in_characters_not_bytes(kind: type[Address]) -> None:
    assert fault(kind, "𠮷" * kind.MAX) == "taken"
    assert fault(kind, "𠮷" * (kind.MAX + 1)) == "too_long"


def test_long_texts_keep_their_lines_and_short_ones_have_one() -> None:
    assert MedicalHistory.parse("2019: 阑尾炎\r\n2021: 无\tok").value == "2019: 阑尾炎\n2021: 无\tok"
    assert School.parse("北京\t  大学").value == "北京 大学"
    assert School.parse("北京\u2028大学").value == "北京 大学"
    assert fault(School, "北京\n大学") == "wrong_characters"
    assert fault(Intro, "北京\u2028大学") == "wrong_characters"


def test_a_medical_history_is_in_no_trace() -> None:
    assert "阑尾炎" not in repr(MedicalHistory.parse("阑尾炎"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://example.com/avatars/doc001.jpg", "taken"),
        (" HTTPS://例子.中国/头像.png ", "taken"),
        ("https://example.com/" + "a" * 235, "taken"),
        ("https://example.com/" + "a" * 236, "too_long"),
        ("", "empty"),
        ("http://example.com/a.jpg", "wrong_format"),
        ("javascript:alert(1)", "wrong_format"),
        ("https:example.com", "wrong_format"),
        ("https://", "wrong_format"),
        ("https:///a.jpg", "wrong_format"),
        ("https://example.com/a b.jpg", "wrong_format"),
        ("https://exam\tple.com/a", "wrong_format"),
        ("https://example.com/\u202ea", "wrong_format"),
        ("https://user:secret@example.com/", "wrong_format"),
        ('https://example.com/"><script>', "wrong_format"),
        ("https://example.com\\@evil.example/", "wrong_format"),
        ("https://example.com:99999/", "wrong_format"),
    ],
)
def test_an_avatar_is_an_https_address(text: str, says: str) -> None:
    assert fault(AvatarUrl, text) == says


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        (InternalId, " ＤＯＣ2023001 ", "DOC2023001"),
        (InternalId, "a_b-9", "a_b-9"),
        (FixedPhone, "（010）５５５５ 0100", "(010)5555 0100"),
        (FixedPhone, "+86 10-5555010", "+86 10-5555010"),
        (WeChat, " Wang_Xiao-1 ", "Wang_Xiao-1"),
    ],
)
def test_short_fields_are_read_however_they_are_typed(kind: type[InternalId], text: str, kept: str) -> None:
    assert kind.parse(text).value == kept


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (InternalId, "", "empty"),
        (InternalId, "D" * 33, "too_long"),
        (InternalId, "DOC 1", "wrong_characters"),
        (InternalId, "工号1", "wrong_characters"),
        (InternalId, "DOC1\u200b", "wrong_characters"),
        (FixedPhone, "", "empty"),
        (FixedPhone, "0" * 16, "too_long"),
        (FixedPhone, "call me", "wrong_characters"),
        (FixedPhone, "--- ---", "wrong_characters"),
        (FixedPhone, "010٥٥٥", "wrong_characters"),
        (WeChat, "", "empty"),
        (WeChat, "w" * 21, "too_long"),
        (WeChat, "a b", "wrong_characters"),
        (WeChat, "a\u202eb", "wrong_characters"),
        (WeChat, "\ufdfa" * 5, "too_long"),
    ],
)
def test_short_fields_refuse_what_they_cannot_hold(kind: type[InternalId], text: str, says: str) -> None:
    assert fault(kind, text) == says


def test_wechat_names_are_compared_without_case_and_width() -> None:
    assert WeChat.parse("Ｗang").folded == WeChat.parse("wANG").folded


@pytest.mark.parametrize("text", ["主任医师", "主任醫師", "chief", " Chief "])
def test_a_rank_is_known_by_label_name_and_traditional_form(text: str) -> None:
    assert PositionRank.parse(text) is PositionRank.CHIEF


@pytest.mark.parametrize("rank", list(PositionRank))
def test_every_rank_reads_its_own_label(rank: PositionRank) -> None:
    assert PositionRank.parse(rank.label) is rank


@pytest.mark.parametrize("text", ["", "医师", "教授", "0"])
def test_what_is_no_rank_is_refused(text: str) -> None:
    assert fault(PositionRank, text) == ("wrong_format" if text else "empty")
