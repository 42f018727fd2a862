"""What people of a story kept to themselves can be read in no file and no log line (SECURITY.md Secrets)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.typing import EventDict

from core.passwords import PasswordHash, Passwords
from core.profile_values import MedicalHistory
from core.profiles import Profiles
from core.values import Password
from tests.readable import readable, readings


class Overheard(logging.Handler):
    """All passwords and medical histories that core was given, and all that was logged meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()
        self.logged: list[str] = []

    def hear(self, secret: str) -> None:
        # Digits alone are found in every phone, and what is short by chance.
        self.secrets |= {line for line in secret.splitlines() if len(line.encode()) >= 8 and not line.isdecimal()}

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.append(self.format(record))

    def check(self, folder: Path) -> None:
        """Nothing of it can be read in any file of the folder, or was logged."""
        found = [*readable(folder, sorted(self.secrets)), *(f"{text} in the log" for text in self.said(self.secrets))]
        assert not found, found

    def said(self, texts: set[str]) -> list[str]:
        """Which of these texts stand in the log."""
        log = "\n".join(self.logged).encode()
        return [text for text in sorted(texts) if any(reading in log for reading in readings(text))]


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Listens, for the length of a block; what core does is as it always is."""
    heard = Overheard()
    verify, hash_, rehash, seal = Passwords.verify, Passwords.hash, Passwords.rehash, Profiles.seal

    async def heard_verify(self: Passwords, stored: PasswordHash | None, password: str) -> bool:
        heard.hear(password)
        return await verify(self, stored, password)

    async def heard_hash(self: Passwords, password: Password) -> PasswordHash:
        heard.hear(password.value)
        return await hash_(self, password)

    async def heard_rehash(self: Passwords, password: str) -> PasswordHash:
        heard.hear(password)
        return await rehash(self, password)

    def heard_seal(self: Profiles, account_id: int, history: MedicalHistory) -> bytes:
        heard.hear(history.value)
        return seal(self, account_id, history)

    def log(logger: Any, method: str, event: EventDict) -> EventDict:
        heard.logged.append(repr(structlog.processors.format_exc_info(logger, method, dict(event))))
        return event

    processors = structlog.get_config()["processors"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Passwords, "verify", heard_verify)
        patched.setattr(Passwords, "hash", heard_hash)
        patched.setattr(Passwords, "rehash", heard_rehash)
        patched.setattr(Profiles, "seal", heard_seal)
        structlog.configure(processors=[log, *processors])
        logging.getLogger().addHandler(heard)
        try:
            yield heard
        finally:
            logging.getLogger().removeHandler(heard)
            structlog.configure(processors=processors)
