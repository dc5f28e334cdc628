"""Rendered tables, as each of the clients reads them."""

import datetime
import itertools
import json
import subprocess

import pytest

ROWS = 9_000


@pytest.fixture
def table(redshift):
    redshift.call("POST", "/dev/render", {"name": "rendered", "rows": ROWS})
    return redshift


def check(rows):
    assert len(rows) == ROWS
    assert all(b[0] - a[0] == datetime.timedelta(seconds=1) for a, b in itertools.pairwise(rows))
    assert len({row[1] for row in rows}) == ROWS
    assert all(len(row[2]) == 200 and json.loads(row[2])["user"] == row[1] for row in rows)


def test_rows_are_in_order_and_each_is_another(table):
    with table.psycopg(autocommit=True) as connection:
        read = "SELECT updated_at, external_id, payload FROM rendered WHERE external_id <> %s"
        check(connection.execute(read, ("",)).fetchall())
        check(connection.execute(read, ("",), prepare=True).fetchall())
        check(connection.execute("SELECT * FROM rendered", prepare=False).fetchall())
        assert connection.execute("SELECT * FROM rendered LIMIT 0").fetchall() == []
        assert len(connection.execute("SELECT * FROM rendered LIMIT 7").fetchall()) == 7
        assert connection.execute("SELECT count(*) FROM rendered").fetchone() == (ROWS,)
        assert connection.execute("SELECT count(*) FROM rendered WHERE updated_at IS NULL").fetchone() == (0,)
        # What is not rendered goes to the backend as ever.
        assert connection.execute("SELECT 1 WHERE %s = %s", ("a", "a")).fetchone() == (1,)


def test_row_by_row(table):
    with table.psycopg(autocommit=True) as connection:
        check(list(connection.cursor().stream("SELECT * FROM rendered WHERE external_id <> %s", ("",))))


def test_redshift_connector(table):
    with table.connector() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT updated_at, external_id, payload FROM rendered")
        check([tuple(row) for row in cursor.fetchall()])
        cursor.execute("SELECT 1")
        assert cursor.fetchone()[0] == 1


def test_psql_with_a_cursor(table):
    result = table.psql("SELECT * FROM rendered")
    assert result.returncode == 0 and len(result.stdout.splitlines()) == ROWS
    result = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=1000", "-c",
         "SELECT * FROM rendered",
         f"host=localhost port={table.port} user=admin dbname=dev sslmode=verify-full sslrootcert={table.caFile}"],
        env={"PGPASSWORD": "admin Password1", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert [line.split("|")[1] for line in result.stdout.splitlines()] == [
        f"user-{n // 3600:06d}{n % 3600:04d}" for n in range(ROWS)]
    assert "DECLARE" in " ".join(entry.get("sql", "") for entry in table.journal("simple"))
