"""What an ERP posts: read (`reading`, by the shapes in `posted`), stored document by document (`taking`)."""
