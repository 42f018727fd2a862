"""Every table and column is known to what erases an account (SECURITY.md Privacy).

A new table is named in storage/erasing.py, where its rows or columns go with the account; or here, with the reason why
it may stay. Another test looks after what is told of it in an export.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from storage.erasing import DELETED, EMPTIED
from storage.tables import metadata

_NUMBERS: Final = "a number that means nothing to anybody once the account is empty"
_DECISION: Final = "decisions stay: what became of an attempt, and when"
_WORKS: Final = "how the program gets its work done"
_LINK: Final = "names a row that is itself looked after here"
_AUDIT: Final = "the audit stays, under a pseudonym"
_PHOTO: Final = "of a photo that is gone: only what its file was like"
_CHAT: Final = "the Telegram user's chat with the bot: they may have another account, or write again as a guest"
STAYS: Final[Mapping[str, str | Mapping[str, str]]] = {
    "accounts": {
        "id": _NUMBERS,
        "role": "whether a decision was about a doctor, or by an admin",
        "pseudonym": _AUDIT,
        "created_at": "when there began to be one",
        "updated_at": "when it was erased",
    },
    "rotated_tokens": dict.fromkeys(("jti", "session_id", "rotated_at"), "deleted by the database with its session"),
    "counters": "keyed hashes that are gone after a day: who erases their account must not have tries anew by it",
    "audit": dict.fromkeys(
        (
            "id", "at", "actor", "action", "subject", "from_state", "to_state", "reasons", "file_hashes", "version",
            "channel", "note_mac", "number", "mac",
        ),
        _AUDIT,
    ),
    "leases": _WORKS,
    "erasures": "the erasure itself: gone an hour later, when nothing is left to be done",
    "photo_removals": "names of files that are on their way out of the photo store",
    "past_refusals": "kept for two years: an HMAC of the phone of refused doctors",
    "imported_accounts": dict.fromkeys(
        ("source", "role", "source_id", "account_id"), "the next import of that file must not bring the account back"
    ),
    "hospitals": "the clinic's own list",
    "departments": "the clinic's own list",
    "submissions": dict.fromkeys(
        (
            "id", "number", "account_id", "state", "version", "appeal", "created_at", "updated_at", "decided_by",
            "decided_at", "not_by", "valid_until", "compared_at", "doctor_reminded", "admins_reminded",
        ),
        _DECISION,
    ),
    "submission_files": {
        "submission_id": _LINK,
        "position": _PHOTO,
        "sha256": "kept: a copy of the same file sent by another is found by it",
        "media_type": _PHOTO,
        "size": _PHOTO,
        "width": _PHOTO,
        "height": _PHOTO,
    },
    "decisions": dict.fromkeys(
        ("id", "submission_id", "at", "admin_id", "outcome", "reasons", "valid_until", "audit_id"), _DECISION
    ),
    "inbox": dict.fromkeys(
        (
            "seq", "bot_id", "update_id", "payload", "received_at", "claimed_by", "claimed_until", "attempts",
            "done_at", "parked_at", "error",
        ),
        "emptied when it was handled: the number of an update that must be known if it comes again",
    ),
    "chats": dict.fromkeys(
        (
            "person_id", "language", "message_id", "keyboard", "listed", "secret_until", "showing_by", "showing_until",
            "blocked_at", "updated_at",
        ),
        _CHAT,
    ),
}  # fmt: skip
_MEND: Final = (
    "erasing an account must know what becomes of it: add it to DELETED or EMPTIED in storage/erasing.py, "
    "or to STAYS in tests/core/test_every_table.py with the reason why it may stay"
)


def columns_that_stay(table: Table) -> set[str]:
    """Those that erasing does not write over."""
    emptied = EMPTIED[table].values if table in EMPTIED else {}
    return {column.name for column in table.columns if column not in emptied}


def unknown() -> list[str]:
    """The tables and columns of which nobody has said what becomes of them."""
    found = []
    for table in metadata.sorted_tables:
        reasons = STAYS.get(table.name, {})
        if table in DELETED or isinstance(reasons, str):
            continue
        if table.name not in STAYS and table not in EMPTIED:
            found.append(table.name)
        else:
            found += [f"{table.name}.{name}" for name in sorted(columns_that_stay(table) - reasons.keys())]
    return found


def test_erasing_knows_every_table_and_column() -> None:
    assert unknown() == [], _MEND


def test_nothing_is_kept_that_is_not_there_or_goes() -> None:
    """A reason to stay that is left over would one day excuse a column of that name."""
    for name, reasons in STAYS.items():
        table = metadata.tables[name]
        assert table not in DELETED, name
        if not isinstance(reasons, str):
            assert reasons.keys() == columns_that_stay(table), name


def test_whoever_stays_whole_refers_to_nobody() -> None:
    """One reason for a whole table will do where its next column cannot be about a person."""
    about_people = {"erasures", "photo_removals", "past_refusals", "counters"}  # by design, and said above
    for name, reasons in STAYS.items():
        if isinstance(reasons, str) and name not in about_people:
            assert not metadata.tables[name].foreign_keys, name
