"""``./data/sandbox``: all that ``python -m sandbox up`` keeps between runs, readable by its user alone."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import orjson

from sandbox.model import Person
from sandbox.world import DEFAULT_PEOPLE

FOLDER = Path("data/sandbox")


class AlreadyRunningError(Exception):
    """Another ``up`` uses this folder."""


@dataclass(frozen=True, slots=True)
class State:
    """What was made for this folder once.

    Attributes:
        token: the bot's token, good for this sandbox only.
        admin: how far the admin's account is. ``begun`` and a refusal now means that an earlier run was killed between
            making it and noting so.
    """

    token: str
    admin_phone: str
    admin_password: str
    admin: Literal["none", "begun", "made"] = "none"

    @classmethod
    def make(cls) -> State:
        """Fresh secrets."""
        token = f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)}"
        return cls(token, DEFAULT_PEOPLE[2].phone, secrets.token_hex(8))


class Home:
    """The folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.database = folder / "clinic.db"
        self.photos = folder / "photos"
        self.secrets = folder / "secrets"
        self.people = folder / "people.json"
        self._state = folder / "state.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the folder and holds it for the length of a block.

        Raises:
            AlreadyRunningError: somebody else holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError from None
            yield
        finally:
            os.close(lock)

    def state(self) -> State:
        """What this folder has, made now if it is new. Without its database the admin has to be made again."""
        if not self._state.exists():
            self.save(State.make())
        state = State(**orjson.loads(self._state.read_bytes()))
        return state if self.database.exists() else replace(state, admin="none")

    def save(self, state: State) -> None:
        """Keeps the state, whole or not at all."""
        self._write(self._state, orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))

    def write_people(self, state: State) -> None:
        """The people on the page; the admin's login stands above their phone."""
        patient, doctor, admin = DEFAULT_PEOPLE
        note = f"Admin · staff login {state.admin_phone}, password {state.admin_password}"
        people: list[Person] = [patient, doctor, replace(admin, phone=state.admin_phone, note=note)]
        self._write(self.people, orjson.dumps([asdict(person) for person in people]))

    def drop_logs(self) -> None:
        """Forgets what earlier runs said."""
        for path in self.folder.glob("*.log"):
            path.unlink()

    def log(self, name: str) -> int:
        """The log file of a child process, open for more; gives the descriptor."""
        return os.open(self.log_path(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def log_path(self, name: str) -> Path:
        """Where a child process's output goes."""
        return self.folder / f"{name}.log"

    def _write(self, path: Path, content: bytes) -> None:
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
