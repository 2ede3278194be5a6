"""How a database would do a query with many rows."""

from django.db import connection


def plan_of(sql: str) -> str:
    """How the database would do it with many rows, when a sort or a scan of the table costs too much."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return "\n".join(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
        for way in ("seqscan", "sort", "incremental_sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())
