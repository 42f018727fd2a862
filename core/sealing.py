"""Sealing of what lies at rest: AES-256-GCM, bound to where it lies (SECURITY.md At rest)."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.keys import Ring

_FORMAT = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16


class SealBroken(Exception):  # noqa: N818 - the name says what happened
    """What was sealed cannot be opened: another key or context, changed, or cut."""


class Sealer:
    """Seals bytes with the ring's first key and opens what any of its keys sealed.

    A sealed value is format (1 byte), length of the key id (1 byte), key id, nonce (12 bytes), ciphertext with tag.
    """

    def __init__(self, ring: Ring, purpose: str) -> None:
        """`purpose` parts keys of one ring used for different things (`inbox`, `answers`)."""
        self._ring = ring
        self._purpose = purpose
        self._ciphers: dict[bytes, AESGCM] = {}

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`context` says where the value lies (table, row): it opens nowhere else."""
        ring = self._ring.now
        nonce = os.urandom(_NONCE_BYTES)
        start = header(ring.current) + nonce
        # In its place at once: put together from pieces a photo takes three times as long, and nobody else runs
        # meanwhile (8 and 2.4 ms for 5.5 MB).
        sealed = bytearray(len(start) + len(plain) + _TAG_BYTES)
        sealed[: len(start)] = start
        self._cipher(ring.key).encrypt_into(nonce, plain, context, memoryview(sealed)[len(start) :])
        return bytes(sealed)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The bytes that were sealed under the same context. Raises SealBroken."""
        key = self._ring.find(sealed_by(sealed))
        start = 2 + sealed[1]
        if key is None:
            raise SealBroken("The key that sealed this value is not known here.")
        try:
            return self._cipher(key).decrypt(
                sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :], context
            )
        except (InvalidTag, ValueError):
            raise SealBroken("The sealed value was changed, or lies where it does not belong.") from None

    def _cipher(self, key: bytes) -> AESGCM:
        cipher = self._ciphers.get(key)
        if cipher is None:
            cipher = self._ciphers[key] = AESGCM(_derived(key, self._purpose))
        return cipher


def header(kid: str) -> bytes:
    """What every value begins with that was sealed by the key of this id."""
    return bytes((_FORMAT, len(kid))) + kid.encode()


HEADER_BYTES: Final = 34
"""No header is longer."""


def sealed_by(start: bytes) -> str:
    """The id of the key that sealed a value, by its first bytes (HEADER_BYTES will do). Raises SealBroken."""
    if len(start) < 2 or start[0] != _FORMAT:
        raise SealBroken("This is not a sealed value.")
    return start[2 : 2 + start[1]].decode("ascii", "replace")


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"clinic-bot " + purpose.encode()).derive(key)
