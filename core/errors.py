"""Errors that people are told about. Each noun of the core has its own subclass; the faces hold the texts."""

from datetime import datetime


class CoreError(Exception):
    """Something asked of the core was refused, and nothing was changed.

    `code` is a text key (`phone.taken`), `field` the input it is about, `params` what the text may name.
    """

    def __init__(self, code: str, /, *, field: str | None = None, **params: str | int | datetime) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params: dict[str, str | int | datetime] = params


class InvalidValue(CoreError):  # noqa: N818 - the name says what happened
    """An input cannot be taken as a value. Codes are `<field>.<fault>`: `phone.wrong_format`, `name.too_long`."""


class AccountError(CoreError):
    """An account cannot be made or changed so."""


class NotFound(CoreError):  # noqa: N818 - the name says what happened
    """What an input names is not there: `hospital.unknown`."""


class Conflict(CoreError):  # noqa: N818 - the name says what happened
    """Rightly asked, but not now: the present state does not allow it."""


class LoginError(CoreError):
    """A login cannot be tried now."""


class Throttled(LoginError):  # noqa: N818 - the name says what happened
    """Too many tries. `wait_seconds` says how long; it is the same for accounts that do not exist (CONTRACT.md 3.4)."""

    def __init__(self, wait_seconds: int, code: str = "login.throttled") -> None:
        super().__init__(code, wait_seconds=wait_seconds)
        self.wait_seconds = wait_seconds


class Unauthenticated(CoreError):  # noqa: N818 - the name says what happened
    """A token or session is not alive. One answer for every cause (TOKENS T9)."""

    def __init__(self) -> None:
        super().__init__("session.unauthenticated")


class Forbidden(CoreError):  # noqa: N818 - the name says what happened
    """Who is asking may not do this. `actor` is their pseudonym, None when nobody is signed in.

    The edge rolls back, then has Permissions.record write it into the audit (REVIEW.md Audit).
    """

    def __init__(self, permission: str, actor: str | None, code: str = "permission.denied") -> None:
        super().__init__(code)
        self.permission = permission
        self.actor = actor


class Busy(CoreError):  # noqa: N818 - the name says what happened
    """A queue of heavy work is full. `wait_seconds` is a fair guess of when it is worth trying again."""

    def __init__(self, wait_seconds: int, code: str) -> None:
        super().__init__(code, wait_seconds=wait_seconds)
        self.wait_seconds = wait_seconds
