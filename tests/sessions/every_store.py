"""Tests with each session store of ivrkit, and with a SQLite store that is broken from outside."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

#: A class with this mark runs its tests with each session store. The argument ``store`` is the name of the store.
every_store = pytest.mark.parametrize(
    "store",
    ["sqlite", pytest.param("redis", marks=pytest.mark.stores), pytest.param("postgresql", marks=pytest.mark.stores)],
)
#: SQL statements that break a SQLite store, and repair it.
BREAK = "ALTER TABLE sessions RENAME COLUMN body TO other"
REPAIR = "ALTER TABLE sessions RENAME COLUMN other TO body"


def sql(file: str | Path, statement: str) -> list[Any]:
    """Run an SQL statement on a SQLite store, from outside, and return the rows."""
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()
