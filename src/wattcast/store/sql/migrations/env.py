"""What alembic runs for a migration; the connection is in a transaction already (`store.sql.upgrading`)."""

from alembic import context

from wattcast.store.sql.relations import SCHEMA_TABLE, metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table=SCHEMA_TABLE,
                  render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
