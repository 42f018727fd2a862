"""What can go wrong where data lies, in words an operator can act on, and which constraint was lost."""

from sqlalchemy.exc import IntegrityError


class StorageError(Exception):
    """The database or the photo store cannot be used now. The message is one sentence; nothing was changed."""


class NotStored(StorageError):  # noqa: N818 - the name says what happened
    """What is asked for does not lie there; the store itself works."""


def violated(error: IntegrityError) -> str | None:
    """The name of the unique constraint that was lost, the same on both databases; None for other constraints."""
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    if name is not None:
        return str(name)
    # SQLite names columns, not constraints: `UNIQUE constraint failed: accounts.role, accounts.phone`.
    _, found, columns = str(error.orig).partition("UNIQUE constraint failed: ")
    if not found:
        return None
    table = columns.partition(".")[0]
    return "_".join(["uq", table, *(column.rpartition(".")[2] for column in columns.split(", "))])
