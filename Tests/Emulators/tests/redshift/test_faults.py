"""Scripted faults, cancels, timeouts, rendered results."""

import threading
import time

import psycopg
import pytest


def test_a_scripted_error_strikes_once(redshift):
    redshift.fault(point="statement", where={"sql": "FROM pg_class"},
                   action={"error": "40001", "words": "1023", "detail": "Serializable isolation violation on table"})
    with redshift.psycopg(autocommit=True) as connection:
        with pytest.raises(psycopg.errors.SerializationFailure, match="1023"):
            connection.execute("SELECT count(*) FROM pg_class WHERE relname = %s", ("x",))
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = %s", ("x",)).fetchone() == (0,)


def test_timeout_and_cancel_have_one_text(redshift):
    with redshift.psycopg(autocommit=True) as connection:
        connection.execute("SET statement_timeout TO 50")
        with pytest.raises(psycopg.errors.QueryCanceled, match="canceled on user's request"):
            connection.execute("SELECT pg_sleep(10)")
        connection.execute("SET statement_timeout TO 0")
        threading.Timer(0.2, connection.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled, match=r"Query \(\d+\) canceled on user's request"):
            connection.execute("SELECT pg_sleep(10)")
    assert len(redshift.journal("cancel")) == 1


def test_the_queue_counts_for_the_timeout(redshift):
    redshift.fault(point="statement", where={"sql": "SELECT 42"}, times=2, action={"queue": 0.3})
    with redshift.psycopg(autocommit=True) as connection:
        began = time.monotonic()
        assert connection.execute("SELECT 42").fetchone() == (42,)
        assert time.monotonic() - began >= 0.3
        connection.execute("SET statement_timeout TO 100")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT 42")
        [(queue, elapsed)] = connection.execute(
            "SELECT queue_time, elapsed_time FROM sys_query_history WHERE session_id = pg_backend_pid()")
        assert 90_000 <= queue <= elapsed


def test_a_connection_is_cut_after_rows(redshift, postgres):
    postgres.execute("CREATE TABLE many AS SELECT generate_series(1, 1000) AS n; GRANT SELECT ON many TO PUBLIC",
                     database="dev")
    redshift.fault(point="statement", where={"sql": "many"}, action={"reset_after": 10})
    with pytest.raises(psycopg.OperationalError), redshift.psycopg() as connection:
        connection.execute("SELECT n FROM many")
