"""What Redshift's SQL has, lacks, and does otherwise; seen by psycopg, psql and redshift_connector."""

import psycopg
import pytest


@pytest.fixture
def admin(redshift):
    with redshift.psycopg("admin", autocommit=True) as connection:
        yield connection


TABLE = """
CREATE TABLE users_attributes_sync (
   updated_at timestamptz default sysdate,
   external_id varchar, payload varchar(max)
) DISTSTYLE AUTO COMPOUND SORTKEY (updated_at)"""


def test_the_seeds_table_and_sysdate(admin):
    admin.execute(TABLE)
    admin.execute("INSERT INTO users_attributes_sync (external_id, payload) VALUES ('a', '{}')")
    with admin.transaction():
        first = admin.execute("SELECT sysdate").fetchone()
        admin.execute("SELECT pg_sleep(0.01)")
        # The beginning of the transaction, not of the statement.
        assert admin.execute("SELECT sysdate").fetchone() == first
    assert admin.execute("SELECT getdate()").fetchone()[0].microsecond == 0
    [row] = admin.execute("SELECT column_name, data_type FROM svv_columns WHERE table_name = "
                          "'users_attributes_sync' AND column_name = 'payload'")
    assert row == ("payload", "character varying")


def test_super_has_its_own_number_and_is_json_on_the_wire(admin, redshift):
    admin.execute("CREATE TABLE s (payload super)")
    admin.execute("""INSERT INTO s VALUES (json_parse('{"a": [1, null]}'))""")
    cursor = admin.execute("SELECT payload, json_serialize(payload) FROM s")
    assert cursor.description[0].type_code == 4000
    assert cursor.fetchone() == ('{"a": [1, null]}', '{"a": [1, null]}')
    with redshift.connector("admin") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT payload FROM s")
        assert list(cursor.fetchall()) == [['{"a": [1, null]}']]


def test_json_serialize_has_a_limit(admin):
    admin.execute("CREATE TABLE s (payload super)")
    admin.execute("INSERT INTO s VALUES (json_parse('{\"a\": \"' || repeat('x', 70000) || '\"}'))")
    with pytest.raises(psycopg.Error) as failed:
        admin.execute("SELECT json_serialize(payload) FROM s")
    assert failed.value.sqlstate == "22001"
    assert len(admin.execute("SELECT payload FROM s").fetchone()[0]) == 70009


@pytest.mark.parametrize(("sql", "state"), [
    ("COPY t TO STDOUT", "0A000"), ("SAVEPOINT a", "0A000"), ("CREATE TABLE t (a jsonb)", "0A000"),
    ("CREATE TABLE t (a uuid)", "0A000"), ("SELECT ARRAY[1]", "0A000"), ("SELECT now()", "0A000"),
    ("SELECT * FROM (VALUES (1)) AS v", "42601"), ("SET lock_timeout TO 5", "42704"),
    ("SELECT clock_timestamp()", "0A000"), ("SELECT * FROM generate_series(1, 2)", "0A000"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "42601")])
def test_what_redshift_has_not_is_refused(redshift, admin, sql, state):
    for prepared in (False, True):
        with pytest.raises(psycopg.Error) as failed:
            admin.execute(sql, prepare=prepared)
        assert failed.value.sqlstate == state
    # And the session goes on.
    assert admin.execute("SELECT 1").fetchone() == (1,)
    assert redshift.psql(sql).returncode == 1


def test_what_redshift_has_of_settings(admin):
    for sql in ("SET timezone TO 'UTC'", "SET datestyle TO 'ISO'", "SET statement_timeout TO 1000",
                "SET query_group TO 'sluice'", "SET enable_case_sensitive_identifier TO true"):
        admin.execute(sql)
    assert admin.execute("SHOW query_group").fetchone() == ("sluice",)


def test_names_fold_even_in_quotes(admin):
    admin.execute('CREATE TABLE "Mixed" ("Updated_At" timestamptz, "order" int)')
    assert admin.execute('SELECT * FROM "MIXED"').description[0].name == "updated_at"
    admin.execute("SET enable_case_sensitive_identifier TO true")
    admin.execute('CREATE TABLE "Exact" ("Updated_At" timestamptz)')
    assert admin.execute('SELECT * FROM "Exact"').description[0].name == "Updated_At"
    with pytest.raises(psycopg.errors.UndefinedTable):
        admin.execute('SELECT * FROM "MIXED"')


def test_late_binding_views(admin):
    # Its base need not exist.
    admin.execute("CREATE VIEW public.late AS SELECT id, name FROM public.base WITH NO SCHEMA BINDING")
    with pytest.raises(psycopg.errors.UndefinedTable):
        admin.execute("SELECT * FROM late")
    admin.execute("CREATE TABLE base (id int, name varchar)")
    admin.execute("INSERT INTO base VALUES (1, 'a')")
    assert admin.execute("SELECT s.name FROM \"public\".\"late\" AS s WHERE s.id = 1").fetchone() == ("a",)
    assert admin.execute("SELECT late.name FROM late WHERE id = 1").fetchone() == ("a",)
    # information_schema does not know it, SVV_COLUMNS does.
    assert admin.execute("SELECT * FROM information_schema.columns WHERE table_name = 'late'").fetchall() == []
    assert admin.execute("SELECT column_name FROM svv_columns WHERE table_name = 'late' ORDER BY 1").fetchall() == [
        ("id",), ("name",)]
    assert len(admin.execute("SHOW COLUMNS FROM TABLE dev.public.late").fetchall()) == 2
    assert admin.execute("SELECT col_name, col_type FROM pg_get_late_binding_view_cols()").fetchall() == [
        ("id", "integer"), ("name", "character varying")]
    admin.execute("DROP TABLE base")
    admin.execute("CREATE TABLE base (id int)")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        admin.execute("SELECT * FROM late")
    admin.execute("DROP VIEW late")
    with pytest.raises(psycopg.errors.UndefinedTable):
        admin.execute("SELECT * FROM late")


def test_external_tables(admin):
    admin.execute("CREATE SCHEMA spectrum")
    admin.execute("CREATE EXTERNAL TABLE spectrum.events (id int, payload varchar(100)) "
                  "STORED AS PARQUET LOCATION 's3://bucket/'")
    assert admin.execute("SELECT * FROM spectrum.events").fetchall() == []
    assert admin.execute("SELECT * FROM information_schema.columns WHERE table_name = 'events'").fetchall() == []
    assert len(admin.execute("SELECT * FROM svv_external_columns").fetchall()) == 2


def test_cursors(redshift, admin):
    admin.execute("CREATE TABLE t (a int)")
    with admin.transaction():
        admin.execute("DECLARE a CURSOR FOR SELECT * FROM t")
        admin.execute("FETCH 1001 FROM a")
    with pytest.raises(psycopg.errors.FeatureNotSupported), admin.transaction():
        admin.execute("DECLARE a CURSOR FOR SELECT * FROM t")
        admin.execute("DECLARE b CURSOR FOR SELECT * FROM t")


def test_three_part_names(admin):
    admin.execute("CREATE TABLE t (a int)")
    assert admin.execute("SELECT * FROM dev.public.t").fetchall() == []
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        admin.execute("SELECT * FROM other.public.t")
