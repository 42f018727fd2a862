"""All tables of the clinic. Importing this package fills `metadata`, which migrations are compared with."""

from storage.tables import accounts, erasures, exports, imports, profiles, recovery, submissions, updates
from storage.tables.base import metadata

__all__ = ["accounts", "erasures", "exports", "imports", "metadata", "profiles", "recovery", "submissions", "updates"]
