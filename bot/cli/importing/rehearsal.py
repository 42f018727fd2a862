"""What a dry run remembers of the batches it rolled back: two rows far apart may want the same phone."""

import hashlib
import secrets
import sqlite3
from types import TracebackType
from typing import Final, Self

from core.errors import AccountError
from core.import_lines import ImportLine
from core.imports import Done, Outcome

_LOGINS: Final = frozenset({"phone", "email", "username"})


class Rehearsal:
    """Knows what earlier lines of the file have taken. In a nameless file of keyed hashes, so that memory stays small
    and no phone is left on the disk.
    """

    def __enter__(self) -> Self:
        self._key = secrets.token_bytes(32)
        self._seen = sqlite3.connect("")  # on disk when it grows; gone when it is closed
        self._seen.execute("CREATE TABLE seen (hash BLOB PRIMARY KEY) WITHOUT ROWID")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._seen.close()

    def judged(self, line: ImportLine, outcome: Outcome) -> Outcome:
        """The outcome, unless an earlier line has taken what this one needs."""
        if outcome is not Done.IMPORTED:
            return outcome
        logins = [(line.key, unique) for unique in line.unique if unique[0] in _LOGINS]
        if not self._take(line.key):
            same = any(not self._take(login) for login in logins)
            return Done.KNOWN if same else AccountError("source_id.another", field="source_id")
        for unique in line.unique:
            if not self._take(unique):
                return AccountError(f"{unique[0]}.taken", field=unique[0])
        for login in logins:
            self._take(login)
        return outcome

    def _take(self, value: tuple[object, ...]) -> bool:
        """Whether it was free."""
        digest = hashlib.blake2b(repr(value).encode(), key=self._key, digest_size=16).digest()
        return self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1
