"""All tables of the clinic. Importing this package fills `metadata`, which migrations are compared with."""

from storage.tables import accounts, imports, profiles, submissions, updates
from storage.tables.base import metadata

__all__ = ["accounts", "imports", "metadata", "profiles", "submissions", "updates"]
