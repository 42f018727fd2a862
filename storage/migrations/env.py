"""Alembic's entry: storage.database hands over an open connection and owns its transaction."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, when the driver does not begin and commit by itself
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
