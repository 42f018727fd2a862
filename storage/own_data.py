"""What people are told of the rows about them, column by column: what an export goes by (SECURITY.md Privacy).

A column that stands in neither mapping is one nobody has decided about: a test finds it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import account_chats, accounts, audit, consents, news, sessions
from storage.tables.base import AnyRow
from storage.tables.imports import imported_accounts
from storage.tables.profiles import profiles
from storage.tables.submissions import decisions, submission_files, submissions

TOLD: Final[Mapping[Table, tuple[str, ...]]] = {
    accounts: (
        "id",
        "role",
        "state",
        "phone",
        "phone_verified_at",
        "phone_verified_by",
        "email",
        "username",
        "name",
        "sex",
        "birth_date",
        "age",
        "pseudonym",
        "created_at",
        "updated_at",
    ),
    profiles: (
        "avatar_url",
        "avatar_photo",
        "address",
        "medical_history",
        "hospital_id",
        "department_id",
        "internal_id",
        "position_rank",
        "speciality",
        "clinic",
        "fixed_phone",
        "wechat",
        "intro",
        "school",
        "major",
    ),
    consents: ("kind", "version", "channel", "given_at", "withdrawn_at"),
    sessions: ("channel", "telegram_user_id", "created_at", "last_used_at", "expires_at", "ended_at", "end_reason"),
    account_chats: ("telegram_user_id", "first_login_at", "last_login_at", "left_at"),
    news: ("kind", "params", "created_at", "done_in", "read_at"),
    imported_accounts: ("source", "source_id"),
    submissions: (
        "id",
        "number",
        "state",
        "appeal",
        "created_at",
        "updated_at",
        "name",
        "appeal_message",
        "valid_until",
        "keep_until",
    ),
    submission_files: (
        "submission_id",
        "position",
        "sha256",
        "path",
        "media_type",
        "size",
        "width",
        "height",
    ),
    decisions: ("submission_id", "at", "outcome", "reasons", "message", "valid_until"),
    audit: (
        "id",
        "at",
        "actor",
        "action",
        "subject",
        "from_state",
        "to_state",
        "reasons",
        "file_hashes",
        "version",
        "channel",
    ),
}
_KEY: Final = "proves who somebody is: what is told of it would open the account"
_COLLEAGUES: Final = "what colleagues say among themselves, and who of them decided (REVIEW.md)"
_WORKS: Final = "how the program gets its work done; it says nothing about anybody"
LEFT_OUT: Final[Mapping[str, str]] = {
    "accounts.email_folded": "the e-mail once more",
    "accounts.username_folded": "the user name once more",
    "accounts.password_hash": _KEY,
    "accounts.password_scheme": _KEY,
    "accounts.pepper_id": _KEY,
    "accounts.totp_secret": _KEY,
    "accounts.totp_step": _KEY,
    "profiles.account_id": "the account itself",
    "profiles.wechat_folded": "the WeChat name once more",
    "consents.id": _WORKS,
    "consents.account_id": "the account itself",
    "sessions.id": _KEY,
    "sessions.account_id": "the account itself",
    "sessions.jti": _KEY,
    "account_chats.account_id": "the account itself",
    "news.id": _WORKS,
    "news.account_id": "the account itself",
    "imported_accounts.role": "the account's",
    "imported_accounts.account_id": "the account itself",
    "submissions.account_id": "the account itself",
    "submissions.version": _WORKS,
    "submissions.queued_at": _WORKS,
    "submissions.claimed_by": _COLLEAGUES,
    "submissions.claimed_until": _COLLEAGUES,
    "submissions.decided_by": _COLLEAGUES,
    "submissions.decided_at": "stands with the decision",
    "submissions.not_by": _COLLEAGUES,
    "submissions.compared_at": _WORKS,
    "submissions.doctor_reminded": _WORKS,
    "submissions.admins_reminded": _WORKS,
    "submission_files.likeness": "a number made of the photo, which is there itself",
    "decisions.id": _WORKS,
    "decisions.admin_id": _COLLEAGUES,
    "decisions.audit_id": _COLLEAGUES,
    "audit.note_mac": _COLLEAGUES,
    "audit.number": "the seal of the whole chain",
    "audit.mac": "the seal of the whole chain",
    "notes": _COLLEAGUES,
    "look_alikes": "names another doctor's attempt",
    "shown_messages": _COLLEAGUES,
    "outbox": "the news once more, on their way",
    "rotated_tokens": _KEY,
    "recovery_codes": _KEY,
    "counters": "keyed hashes: nobody can tell whose they are",
    "chats": "what the person sees in the chat itself; an answer that is not sent yet goes after a day",
    "inbox": "what the person wrote to us, emptied as soon as it is handled",
    "export_jobs": "this very request",
    "recovery_requests": "gone after a day, and the audit has it",
    "erasures": "there is none of an account that can ask for an export",
    "photo_removals": "photos on their way out of the store, or never submitted",
    "past_refusals": "a keyed hash of a phone that some account had: nobody can tell whose",
    "leases": _WORKS,
    "hospitals": "the clinic's own list",
    "departments": "the clinic's own list",
}
"""Table, or table and column: why nobody is told of it."""


async def of_account(conn: AsyncConnection, table: Table, account_id: int) -> list[dict[str, Any]]:
    """What is told of the rows of a table that belong to an account, in the order of their keys."""
    column = accounts.c.id if table is accounts else table.c.account_id
    return await _told(conn, table, column.in_([account_id]))


async def of_submissions(conn: AsyncConnection, table: Table, submission_ids: Collection[int]) -> list[dict[str, Any]]:
    """The same of what belongs to these submissions."""
    return await _told(conn, table, table.c.submission_id.in_(submission_ids))


async def _told(conn: AsyncConnection, table: Table, condition: Any) -> list[dict[str, Any]]:
    statement = select(*(table.c[name] for name in TOLD[table])).where(condition).order_by(*table.primary_key)
    return [dict(row) for row in (await conn.execute(statement)).mappings()]


async def trail(conn: AsyncConnection, subjects: Collection[str], page: int = 200) -> AsyncIterator[Sequence[AnyRow]]:
    """The audit's entries about these subjects, oldest first, a page at a time."""
    columns = [audit.c[name] for name in TOLD[audit]]
    last = 0
    while True:
        statement = select(*columns).where(audit.c.subject.in_(subjects), audit.c.id > last)
        rows = (await conn.execute(statement.order_by(audit.c.id).limit(page))).all()
        if rows:
            yield rows
        if len(rows) < page:
            return
        last = rows[-1].id
