"""All tables of the clinic. Importing this package fills `metadata`, which migrations are compared with."""

from storage.tables import accounts, erasures, imports, profiles, recovery, submissions, updates
from storage.tables.base import metadata

__all__ = ["accounts", "erasures", "imports", "metadata", "profiles", "recovery", "submissions", "updates"]
