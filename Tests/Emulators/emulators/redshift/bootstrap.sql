-- What Redshift has and PostgreSQL has not. Run by the superuser in each database that stands for a cluster's.
-- Into pg_catalog, where every search path finds it.
SET allow_system_table_mods = on;
SET client_min_messages = error;

CREATE SCHEMA redshift;
GRANT USAGE ON SCHEMA redshift TO PUBLIC;

-- SUPER is text on the wire. A type of its own, so that its columns can be told from VARCHAR's.
CREATE TYPE pg_catalog.super;
CREATE FUNCTION pg_catalog.super_in(cstring) RETURNS super LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION pg_catalog.super_out(super) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE pg_catalog.super (INPUT = super_in, OUTPUT = super_out, LIKE = text);
CREATE FUNCTION pg_catalog.json_parse(text) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT ($1::json)::text::super $$;
CREATE FUNCTION pg_catalog.json_serialize(super) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
  BEGIN
    -- JSON_SERIALIZE returns VARCHAR, which is shorter than SUPER may be (guide, "JSON_SERIALIZE function").
    IF octet_length($1::text) > 65535 THEN
      RAISE EXCEPTION 'JSON_SERIALIZE result exceeds the VARCHAR limit' USING ERRCODE = '22001';
    END IF;
    RETURN $1::text;
  END $$;

CREATE FUNCTION redshift.version() RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.99999'::text $$;
CREATE FUNCTION redshift.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT transaction_timestamp()::timestamp $$;
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT date_trunc('second', clock_timestamp())::timestamp $$;

CREATE TABLE redshift.late_binding_views (
  schema_name text, view_name text, definition text, PRIMARY KEY (schema_name, view_name));
CREATE TABLE redshift.late_binding_columns (
  schema_name text, view_name text, col_name text, col_type text, col_num int);
CREATE TABLE redshift.external_tables (schema_name text, table_name text);
GRANT SELECT, INSERT, UPDATE, DELETE ON redshift.late_binding_views, redshift.external_tables TO PUBLIC;
GRANT SELECT ON redshift.late_binding_columns TO PUBLIC;

CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols()
  RETURNS TABLE (view_schema text, view_name text, col_name text, col_type text, col_num int) LANGUAGE sql STABLE AS
  $$ SELECT * FROM redshift.late_binding_columns ORDER BY 1, 2, 5 $$;

-- information_schema does not show late-binding views and external tables; SVV_COLUMNS does (guide, "SVV_COLUMNS").
CREATE SCHEMA redshift_information_schema;
GRANT USAGE ON SCHEMA redshift_information_schema TO PUBLIC;
CREATE VIEW redshift_information_schema.columns AS
  SELECT c.* FROM information_schema.columns AS c
  WHERE NOT EXISTS (SELECT FROM redshift.external_tables AS e
                    WHERE e.schema_name = c.table_schema AND e.table_name = c.table_name);
CREATE VIEW redshift_information_schema.tables AS
  SELECT t.* FROM information_schema.tables AS t
  WHERE NOT EXISTS (SELECT FROM redshift.external_tables AS e
                    WHERE e.schema_name = t.table_schema AND e.table_name = t.table_name);
CREATE VIEW pg_catalog.svv_columns AS
  SELECT table_catalog::text, table_schema::text, table_name::text, column_name::text, ordinal_position::int,
    is_nullable::text, data_type::text FROM information_schema.columns WHERE table_schema NOT LIKE 'redshift%'
  UNION ALL
  SELECT current_database(), schema_name, view_name, col_name, col_num, 'YES', col_type
  FROM redshift.late_binding_columns;
CREATE VIEW pg_catalog.svv_external_columns AS
  SELECT c.table_schema::text AS schemaname, c.table_name::text AS tablename, c.column_name::text AS columnname,
    c.data_type::text AS external_type, c.ordinal_position::int AS columnnum
  FROM information_schema.columns AS c JOIN redshift.external_tables AS e
    ON e.schema_name = c.table_schema AND e.table_name = c.table_name;

-- One row for each statement that waited or was ended, as SYS_QUERY_HISTORY has it; times in microseconds.
CREATE TABLE redshift.query_history (
  session_id int, query_id bigint, status text, queue_time bigint, execution_time bigint, elapsed_time bigint,
  start_time timestamp);
CREATE VIEW pg_catalog.sys_query_history AS SELECT * FROM redshift.query_history;
GRANT SELECT ON pg_catalog.svv_columns, pg_catalog.svv_external_columns, pg_catalog.sys_query_history,
  redshift_information_schema.columns, redshift_information_schema.tables TO PUBLIC;
