#!/bin/sh
# The tests on SQLite, and beside them, where it is installed, on PostgreSQL: many wait for the processes that they start,
# so neither half alone uses what the cores can do. Called by make test, in the project's folder.
set -u
pytest="$1/pytest --dist worksteal -q"
log=$(mktemp)
other=""
if "$1/python" tests/postgres.py; then
    # What the commands do on a database, tests/ sees on both.
    APPRODO_TEST_DATABASE=postgresql $pytest -n 3 -m "not once" \
        --ignore=src/amazon_simulator --ignore=src/approdo/connectors --ignore=src/approdo/cli >"$log" 2>&1 &
    other=$!
fi
# Whoever interrupts one half interrupts both.
trap 'exit 130' INT TERM
trap '[ -z "$other" ] || kill "$other" 2>/dev/null; rm -f "$log"' EXIT
echo "== SQLite"
$pytest -n 5
failed=$?
if [ -z "$other" ]; then
    echo "PostgreSQL is not installed: its half of the tests is skipped."
else
    wait "$other" || failed=$?
    other=""
    echo "== PostgreSQL"
    cat "$log"
fi
exit "$failed"
