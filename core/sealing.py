"""Sealing of what lies at rest: AES-256-GCM, bound to where it lies (SECURITY.md At rest)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.keys import KeyRing

_FORMAT = 1
_NONCE_BYTES = 12


class SealBroken(Exception):  # noqa: N818 - the name says what happened
    """What was sealed cannot be opened: another key or context, changed, or cut."""


class Sealer:
    """Seals bytes with the ring's first key and opens what any of its keys sealed.

    A sealed value is format (1 byte), length of the key id (1 byte), key id, nonce (12 bytes), ciphertext with tag.
    """

    def __init__(self, ring: KeyRing, purpose: str) -> None:
        """`purpose` parts keys of one ring used for different things (`inbox`, `answers`)."""
        self._current = ring.current
        self._ciphers = {kid: AESGCM(_derived(key, purpose)) for kid, key in ring.keys.items()}

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`context` says where the value lies (table, row): it opens nowhere else."""
        kid = self._current.encode()
        nonce = os.urandom(_NONCE_BYTES)
        return bytes((_FORMAT, len(kid))) + kid + nonce + self._ciphers[self._current].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The bytes that were sealed under the same context. Raises SealBroken."""
        if len(sealed) < 2 or sealed[0] != _FORMAT:
            raise SealBroken("This is not a sealed value.")
        start = 2 + sealed[1]
        cipher = self._ciphers.get(sealed[2:start].decode("ascii", "replace"))
        if cipher is None:
            raise SealBroken("The key that sealed this value is not known here.")
        try:
            return cipher.decrypt(sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :], context)
        except (InvalidTag, ValueError):
            raise SealBroken("The sealed value was changed, or lies where it does not belong.") from None


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"clinic-bot " + purpose.encode()).derive(key)
