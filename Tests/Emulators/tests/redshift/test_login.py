"""How clients get in: auth 3, 5 and 13, TLS by the test authority, what the server says it is."""

import hashlib

import psycopg
import pytest
import redshift_connector
from redshift_connector.error import InterfaceError, ProgrammingError


@pytest.mark.parametrize("user", ["braze_user", "clear_user", "sha_user"])
def test_redshift_connector_logs_in_by_each_method(redshift, user):
    with redshift.connector(user) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, 1")
            assert list(cursor.fetchall()) == [[user, 1]]
    [entry] = redshift.journal("connect")
    # What plain PostgreSQL refuses at start-up.
    assert entry["tls"] and "client_protocol_version" in entry["parameters"]


def test_a_wrong_password_is_refused_with_the_old_state(redshift):
    for user in ("braze_user", "clear_user"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            redshift.psycopg(user, password="wrong")
    with pytest.raises((ProgrammingError, InterfaceError)) as failed:
        redshift_connector.connect(host="localhost", port=redshift.port, user="sha_user", password="wrong",
                                   database="dev", ssl=True)
    assert "28000" in str(failed.value)
    with pytest.raises((ProgrammingError, InterfaceError), match="28000"):
        redshift_connector.connect(host="localhost", port=redshift.port, user="nobody", password="x",
                                   database="dev", ssl=True)


def test_libpq_cannot_answer_the_digest(redshift):
    with pytest.raises(psycopg.OperationalError, match="authentication method 13 not supported"):
        redshift.psycopg("sha_user")
    assert "authentication method 13 not supported" in redshift.psql("SELECT 1", user="sha_user").stderr


def test_the_version_is_the_ancestors(redshift):
    with redshift.psycopg() as connection:
        assert connection.info.server_version == 80002
        assert connection.info.parameter_status("server_version") == "8.0.2"
        assert connection.info.parameter_status("standard_conforming_strings") is None
    assert redshift.psql("SELECT 'it''s'").stdout == "it's\n"


def test_tls_is_checked(redshift, process):
    # By its name it is right, although the dialled address is another.
    with redshift.psycopg(hostaddr="127.0.0.1"):
        pass
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        redshift.psycopg(sslrootcert=process.wrongCaFile)
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(host="127.0.0.1", port=redshift.port, user="admin", dbname="dev", sslmode="verify-full",
                        sslrootcert=redshift.caFile)
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        redshift.psycopg(port=redshift.plainPort)


def test_a_database_that_is_not_there(redshift):
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        redshift.psycopg(database="nowhere")
    with pytest.raises((ProgrammingError, InterfaceError), match="3D000"):
        redshift.connector(database="nowhere")


def test_users_are_made_and_changed_by_sql(redshift, postgres):
    digest = hashlib.md5(b"Second1new_user").hexdigest()
    try:
        for statement, password in [
            ("CREATE USER New_User PASSWORD 'First''s1'", "First's1"),
            (f"ALTER USER \"NEW_USER\" PASSWORD 'md5{digest}'", "Second1"),
        ]:
            # A name in quotes folds too.
            assert redshift.psql(statement).returncode == 0
            with redshift.psycopg("new_user", password=password) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                redshift.psycopg("new_user", password="another")
        assert redshift.psql("ALTER USER new_user PASSWORD 'sha256|Third1'").returncode == 0
        with pytest.raises(psycopg.OperationalError, match="authentication method 13"):
            redshift.psycopg("new_user", password="Third1")
    finally:
        postgres.execute("DROP ROLE IF EXISTS new_user")


def test_set_config_and_the_journal_s_query_group(redshift):
    with redshift.psycopg(autocommit=True) as connection:
        connection.execute("SELECT set_config('query_group', %s, false)", ("it's a tag",))
        assert connection.execute("SHOW query_group").fetchone() == ("it's a tag",)
        connection.execute("SET query_group TO 'plain'")
        connection.execute("SELECT 77")
    groups = {entry["sql"]: entry["query_group"] for entry in redshift.journal() if "sql" in entry}
    assert groups["SHOW query_group"] == "it's a tag" and groups["SELECT 77"] == "plain"
