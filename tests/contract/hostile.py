"""What nobody should send: values that each field refuses, and keys that no write may carry (CONTRACT.md 1, 3.6).

The tests' day is 1 March 2026 in the clinic.
"""

import json
from typing import Final

from tests.contract import s0, s1, s2
from tests.contract.facts import Json, Operation

NUL: Final = "\0"
HALF_SURROGATE: Final = "\ud800"
RIGHT_TO_LEFT: Final = "\u202e"
ISOLATE: Final = "\u2066"
NO_WIDTH: Final = "\u200b"
HUGE: Final = 10**30

UNSEEN: Final = (NUL, HALF_SURROGATE, RIGHT_TO_LEFT, ISOLATE)
PHONES: Final = (
    "", " ", "1381234567", "138123456789", "12812345678", "23812345678", "+1 3812345678", "+8613812345678x",
    "١٣٨١٢٣٤٥٦٧٨", "1381234567八", f"138{NO_WIDTH}12345678", *(f"13812345678{char}" for char in UNSEEN), "1" * 5000,
)  # fmt: skip
NEW_PASSWORDS: Final = (
    "", "1234567", "x" * 65, "1" * 5000, " 12345678", "12345678 ", "12345678\n", "\u300012345678", f"12345678{NUL}",
    f"12345678{HALF_SURROGATE}", "1234\t5678", "ﷺ" * 4,
)  # fmt: skip
NAMES: Final = (
    "", " ", "\u3000", "-", "张" * 51, "张三1", "<b>张三</b>", "张\n三", f"张{NO_WIDTH}三", "张😀",
    *(f"张{char}三" for char in UNSEEN),
)  # fmt: skip
EMAILS: Final = (
    "", "me", "me@", "@example.com", "me@example", "me@@example.com", "me@example..com", "me@exa mple.com",
    "a@example.com,b@example.com", "me@example.com\nBcc: b@example.com", f"{'x' * 250}@example.com",
    f"me@{'x' * 64}.com", f"me@example.com{NO_WIDTH}", *(f"me{char}@example.com" for char in UNSEEN),
)  # fmt: skip
USERNAMES: Final = (
    "", "ab", "x" * 17, "  ab  ", "de\nmo", f"de{NO_WIDTH}mo", *(f"de{char}mo" for char in UNSEEN), "ﷺ" * 16,
)  # fmt: skip
BIRTH_DATES: Final = (
    "", "1990", "1990-02-30", "0000-00-00", "1875-02-28", "2026-03-02", "9999-12-31", "99999-01-01",
    "1990-01-01T00:00:00Z", f"1990-01-01{NUL}", f"1990-01-01{HALF_SURROGATE}", "0" * 5000,
)  # fmt: skip
AVATARS: Final = (
    "", "/a.jpg", "http://example.com/a.jpg", "//example.com/a.jpg", "https://", "https:///example.com/a.jpg",
    "https://user:word@example.com/a.jpg", "https://exa mple.com/a.jpg", "javascript:alert(1)",
    "data:image/png;base64,AAAA", f"https://example.com/{'a' * 240}", f"https://example.com/{NO_WIDTH}a.jpg",
    *(f"https://example.com/{char}a.jpg" for char in UNSEEN),
)  # fmt: skip
TEXTS: Final = ("", " ", NO_WIDTH, "无\x1b[2J", "无\x7f", "无\u2028无", *(f"无{char}" for char in UNSEEN))
GENDERS: Final = ("", "man!", "3", 3, -1, HUGE, f"male{NUL}", HALF_SURROGATE, "m" * 5000)

AGES: Final = (-1, 151, 2**31, 2**63, HUGE, -HUGE)
INTERNAL_IDS: Final = (
    "", "A B", "A/1", "../A1", "工号1", "A" * 33, f"A1{NO_WIDTH}", *(f"A1{char}" for char in UNSEEN),
)  # fmt: skip

REFUSED: Final[list[tuple[Operation, dict[str, tuple[Json, ...]]]]] = [
    (s0.LOGIN, {"email": EMAILS, "password": ("",)}),
    (s1.LOGIN, {"phone": PHONES, "password": ("",)}),
    (s2.LOGIN, {"phone": PHONES, "password": ("",)}),
    (
        s0.REGISTER,
        {"username": USERNAMES, "password": NEW_PASSWORDS, "email": EMAILS, "sex": GENDERS, "age": AGES},
    ),
    (s1.REGISTER, {"phone": PHONES, "password": NEW_PASSWORDS, "name": NAMES}),
    (s2.REGISTER, {"phone": PHONES, "password": NEW_PASSWORDS, "name": NAMES}),
    (
        s1.MANAGE,
        {
            "phone": PHONES,
            "name": NAMES,
            "gender": GENDERS,
            "birth_date": BIRTH_DATES,
            "address": (*TEXTS, "北" * 256),
            "medical_history": (*TEXTS, "无" * 5001),
            "avatar_url": AVATARS,
        },
    ),
    (
        s2.MANAGE,
        {
            "phone": PHONES,
            "name": NAMES,
            "gender": GENDERS,
            "birth_date": BIRTH_DATES,
            "internal_id": INTERNAL_IDS,
            "position_rank": ("", "院长", "0", "chief; drop", f"chief{NUL}", HALF_SURROGATE),
            "speciality": (*TEXTS, "心" * 256),
            "avatar_url": AVATARS,
        },
    ),
]
NO_PLACES: Final = (0, -1, 2**31 - 1, 2**31, 2**63, HUGE, -HUGE)
NEVER_WRITABLE: Final[dict[str, Json]] = {
    "id": 1,
    "role": "admin",
    "type": 3,
    "certificat": "certificate/mine",
    "certificat_checked": 2,
    "state": "active",
    "phone_verified_at": "2026-03-01T00:00:00Z",
    "password_hash": "$2y$04$abc",
    "created_at": None,
    "__class__": "x",
    "": "",
}


def escaped(body: Json) -> bytes:
    """JSON in ASCII alone: so halves of surrogates can be sent too."""
    return json.dumps(body).encode()
