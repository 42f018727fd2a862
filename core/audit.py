"""The audit: what was done, by whom, to what, without a name in it (REVIEW.md Audit).

An entry is appended in the transaction of the act. The sealer then numbers entries and chains each to the one before
by an HMAC, so that an entry changed, removed, put elsewhere or recomputed without the key is found.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import CoreError
from core.keys import Ring
from core.unit import UnitOfWork
from storage import audit as store
from storage.tables.base import AnyRow

_SEALED: Final = (
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
    "note_mac",
    "number",
)
_BATCH = 1000
_HEAD: Final = re.compile(r"0:|(?:[0-9]+:)?(?:[A-Za-z0-9_-]{1,32}:)?[0-9a-f]{64}")  # 0: is the head before all entries


class Action(StrEnum):
    """What is audited."""

    REGISTER = "account.register"
    CREATE_ADMIN = "account.create_admin"
    IMPORT = "account.import"
    IMPORT_PLACES = "places.import"
    LOSE_PHONE = "account.lose_phone"
    CHANGE_PHONE = "account.change_phone"
    VERIFY_PHONE = "account.verify_phone"
    MAKE_REQUEST = "request.make"
    CONFIRM_REQUEST = "request.confirm"
    SUSPEND = "account.suspend"
    RESTORE = "account.restore"
    ERASE = "account.erase"
    SET_PASSWORD = "account.set_password"  # noqa: S105 - an action's name
    SET_SECOND_FACTOR = "account.set_second_factor"
    REMOVE_SECOND_FACTOR = "account.remove_second_factor"
    CHANGE_PROFILE = "profile.change"
    LOG_IN = "login.done"
    FAIL_LOGIN = "login.failed"
    USE_RECOVERY_CODE = "login.recovery_code"
    LOG_OUT = "session.end"
    LOG_OUT_EVERYWHERE = "session.end_all"
    STOLEN_TOKEN = "session.stolen_token"  # noqa: S105
    GIVE_CONSENT = "consent.give"
    WITHDRAW_CONSENT = "consent.withdraw"
    SUBMIT_CERTIFICATE = "certificate.submit"
    WITHDRAW_CERTIFICATE = "certificate.withdraw"
    SEE_CERTIFICATE = "certificate.see"
    SEE_AVATAR = "avatar.see"
    CLAIM_CERTIFICATE = "certificate.claim"
    RELEASE_CERTIFICATE = "certificate.release"
    APPROVE_CERTIFICATE = "certificate.approve"
    REFUSE_CERTIFICATE = "certificate.refuse"
    PROPOSE_CERTIFICATE = "certificate.propose"
    SEND_BACK_CERTIFICATE = "certificate.send_back"
    CONFIRM_CERTIFICATE = "certificate.confirm"
    SUPERSEDE_CERTIFICATE = "certificate.supersede"
    REVOKE_CERTIFICATE = "certificate.revoke"
    UNDO_REVOCATION = "certificate.undo_revoke"
    REOPEN_CERTIFICATE = "certificate.reopen"
    APPEAL_CERTIFICATE = "certificate.appeal"
    REVALIDATE_CERTIFICATE = "certificate.revalidate"
    EXPIRE_CERTIFICATE = "certificate.expire"
    DROP_PHOTOS = "certificate.drop_photos"
    ASK_FOR_EXPORT = "account.export"
    MAKE_EXPORT = "account.make_export"
    FIND = "account.find"
    READ_AUDIT = "audit.read"
    REFUSED = "permission.refused"
    ADD_KEY = "keys.add"
    PROMOTE_KEY = "keys.promote"
    RETIRE_KEY = "keys.retire"


class AuditBroken(CoreError):  # noqa: N818 - the name says what happened
    """The chain is not what was sealed. Code says how, `number` at which entry."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: keep it elsewhere, and a chain cut short or made anew is found by it."""

    number: int
    mac: str

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"


class Audit:
    """Appends, seals and verifies."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    async def append(
        self,
        uow: UnitOfWork,
        action: Action,
        *,
        actor: str | None = None,
        subject: str | None = None,
        from_state: str | None = None,
        to_state: str | None = None,
        reasons: Sequence[str] = (),
        file_hashes: Sequence[str] = (),
        version: int | None = None,
        note: str | None = None,
    ) -> int:
        """Adds an entry; returns its id. `actor` and `subject` are pseudonyms or numbers of submissions.

        Only `note`'s HMAC is kept.
        """
        return await store.add_one(
            uow.conn,
            {
                "at": uow.now,
                "actor": actor,
                "action": action.value,
                "subject": subject,
                "from_state": from_state,
                "to_state": to_state,
                "reasons": ",".join(reasons) or None,
                "file_hashes": ",".join(file_hashes) or None,
                "version": version,
                "channel": uow.channel.value,
                "note_mac": None if note is None else self._mac(None, b"note", note.encode()),
            },
        )

    async def append_each(self, uow: UnitOfWork, action: Action, subjects: Iterable[str], *, to_state: str) -> None:
        """Adds an entry for each subject: the same was done to many at once, by nobody who is signed in."""
        alike = {"at": uow.now, "action": action.value, "to_state": to_state, "channel": uow.channel.value}
        await store.add(uow.conn, *({**alike, "subject": subject} for subject in subjects))

    async def seal(self, uow: UnitOfWork) -> int:
        """Numbers and chains a batch of new entries; returns how many. For one sealer at a time."""
        rows = await store.unsealed(uow.conn, _BATCH)
        if not rows:
            return 0
        number, mac = await store.head(uow.conn)
        seals = []
        for row in rows:
            number += 1
            mac = self._mac(None, mac.encode(), _canonical(row, number))
            seals.append((row.id, number, mac))
        await store.seal(uow.conn, seals)
        return len(seals)

    async def head(self, uow: UnitOfWork) -> Head:
        """The last sealed entry."""
        return Head(*await store.head(uow.conn))

    async def verify(self, uow: UnitOfWork, head: str | None = None) -> Head:
        """Walks the whole chain and returns its head. Raises AuditBroken at the first fault.

        `head`, one that was logged earlier (as written there, or only the hash at its end), must still be in the
        chain: a tail that was cut off cannot be found without.
        """
        number, mac = 0, ""
        found = head is None or head == str(Head(number, mac))
        async for row in store.chain(uow.conn):
            number += 1
            if row.number != number:
                raise AuditBroken("audit.missing", number=number)
            kid = str(row.mac).partition(":")[0]
            if self._ring.find(kid) is None:
                raise AuditBroken("audit.unknown_key", number=number)
            expected = self._mac(kid, mac.encode(), _canonical(row, number))
            if not hmac.compare_digest(expected, str(row.mac)):
                raise AuditBroken("audit.changed", number=number)
            mac = expected
            found = found or head in {str(Head(number, mac)), mac, mac.rpartition(":")[2]}
        if not found:
            raise AuditBroken("audit.head_missing", number=number)
        return Head(number, mac)

    async def waiting(self, uow: UnitOfWork) -> int:
        """How many entries wait for the sealer: `verify` says nothing about them."""
        return await store.count_unsealed(uow.conn)

    @staticmethod
    def is_head(text: str) -> bool:
        """Whether `text` is written like something that `verify` takes as a head."""
        return _HEAD.fullmatch(text) is not None

    def _mac(self, kid: str | None, *parts: bytes) -> str:
        """By the key of that id, which `find` knows; None: by the present one.

        Names its key, so that keys can be rotated. Each part's length goes in: no two lists of parts are one.
        """
        ring = self._ring.now
        name, key = (ring.current, ring.key) if kid is None else (kid, self._ring.find(kid))
        assert key is not None
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return f"{name}:{hmac.new(key, framed, hashlib.sha256).hexdigest()}"


def _canonical(row: AnyRow, number: int) -> bytes:
    entry: dict[str, Any] = {name: getattr(row, name) for name in _SEALED} | {"number": number}
    entry["at"] = row.at.isoformat()
    return json.dumps(entry, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
