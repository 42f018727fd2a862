"""Secret keys: reading `kid:base64,…`, judging their strength, making new ones."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

KEY_NAMES = ("signing", "pepper", "photo", "health", "inbox", "audit")
KEY_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class WeakKey(ValueError):  # noqa: N818 - the name says what happened
    """A key ring cannot be read or is too weak. The message never holds any part of a key."""


class Ring(Protocol):
    """Where whoever signs or seals has its keys from: they may change while it works (core/key_files.py)."""

    @property
    def now(self) -> "KeyRing":
        """The keys as they are at this moment: take key and id from the same one."""
        ...

    def find(self, kid: str) -> bytes | None:
        """The key of that id, to verify or open with; None when it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id. The first one signs or seals; all of them verify or open (TOKENS T29)."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The key that signs or seals now."""
        return self.keys[self.current]

    @property
    def now(self) -> "KeyRing":
        """Itself: these keys stay as they are."""
        return self

    def find(self, kid: str) -> bytes | None:
        """The key of that id; None when there is none."""
        return self.keys.get(kid)

    def with_key(self, kid: str, key: bytes, *, in_front: bool) -> "KeyRing":
        """This ring and one more key, which signs and seals from now on, or only verifies and opens.

        A key that is there already is put in front.
        """
        return KeyRing(kid if in_front else self.current, {**self.keys, kid: key})

    def without(self, kid: str) -> "KeyRing":
        """This ring without a key that is not the first."""
        return KeyRing(self.current, {each: key for each, key in self.keys.items() if each != kid})

    @property
    def text(self) -> str:
        """As `parse` reads it, the first key first."""
        kids = [self.current, *(kid for kid in self.keys if kid != self.current)]
        return ",".join(f"{kid}:{base64.b64encode(self.keys[kid]).decode()}" for kid in kids)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """`text` is `kid:base64,kid:base64`: each key 32 bytes or more. Raises WeakKey."""
        keys: dict[str, bytes] = {}
        for position, item in enumerate(text.strip().split(","), start=1):
            kid, colon, encoded = item.strip().partition(":")
            if not colon or not _KID.fullmatch(kid):
                raise WeakKey(f"key {position} is not written as id:base64 (id: 1-32 of A-Z a-z 0-9 _ -)")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise WeakKey(f"key {position} ({kid}) is not valid base64") from None
            if len(key) < KEY_BYTES:
                raise WeakKey(f"key {position} ({kid}) has {len(key)} bytes, at least {KEY_BYTES} are needed")
            if len(set(key)) < KEY_BYTES // 4:
                raise WeakKey(f"key {position} ({kid}) is not random")
            if kid in keys:
                raise WeakKey(f"the id {kid} is there twice")
            keys[kid] = key
        return cls(current=next(iter(keys)), keys=keys)


def new_key_text() -> str:
    """A fresh ring of one key, as text: 32 random bytes under a random id, so that no two rings share an id."""
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def make_secrets(folder: Path) -> list[Path]:
    """Writes one fresh `<name>_keys` file per key name into `folder` (made 0700), each 0600. Returns the paths.

    A file that is there already is never overwritten: FileExistsError, and nothing is written.
    """
    paths = [folder / f"{name}_keys" for name in KEY_NAMES]
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path} exists already: move it away first, what it sealed needs it.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in paths:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(new_key_text() + "\n", encoding="ascii")
    return paths
