"""What can go wrong with a database, in words an operator can act on."""


class StorageError(Exception):
    """The database cannot be opened, reached or written now. The message is one sentence; nothing was changed."""
