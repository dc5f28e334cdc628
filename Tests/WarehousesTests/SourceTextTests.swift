import SyncModel
import Testing
import Warehouse

@Suite("Names and queries that operators write")
struct SourceTextTests {
  @Test(
    "a name falls into parts, each quoted on its own",
    arguments: [
      ("t", "\"t\""), ("public.t", "\"public\".\"t\""),
      ("\"a.b\".\"c\"\"d\"", "\"a.b\".\"c\"\"d\""),
      ("a b.c\"d", "\"a b\".\"c\"\"d\""), ("x.y.z", "\"x\".\"y\".\"z\""),
      ("\"t; DROP TABLE x; --\"", "\"t; DROP TABLE x; --\""),
    ]
  )
  func names(text: String, sql: String) throws {
    #expect(try TableName(parsing: text, maximumParts: 3).sql == sql)
  }

  @Test(
    "what is no name is refused",
    arguments: [
      "", ".", "a.", ".b", "a..b", "\"a", "\"a\"b", "\"\"", "a.b.c.d", "a\0b",
    ]
  )
  func noNames(text: String) {
    #expect(throws: Failure.self) { try TableName(parsing: text, maximumParts: 3) }
  }

  @Test("only unquoted parts fold, and only ASCII")
  func folding() throws {
    let name = try TableName(parsing: "Shop.\"Shop\".ÀB", maximumParts: 3)
    #expect(name.foldedToLowerCase.sql == "\"shop\".\"Shop\".\"Àb\"")
  }

  @Test(
    "one SELECT is taken, without its closing semicolon and comments",
    arguments: [
      ("SELECT 1", "SELECT 1"), ("(SELECT 1);", "(SELECT 1)"), (" select 1 ; ", " select 1"),
      (
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "WITH a AS (SELECT 1) SELECT * FROM a"
      ), ("-- x;\nSELECT ';' -- y", "-- x;\nSELECT ';'"),
      ("/* a /* b; */ c */ SELECT \";\" /* d */", "/* a /* b; */ c */ SELECT \";\""),
      ("SELECT $$a;')$$, $t$;$$;$t$, $1;", "SELECT $$a;')$$, $t$;$$;$t$, $1"),
      ("SELECT E'\\';', 'it''s;', LIKE'\\' FROM t", "SELECT E'\\';', 'it''s;', LIKE'\\' FROM t"),
    ]
  )
  func queries(text: String, kept: String) throws {
    #expect(try SelectText(text).text == kept)
  }

  @Test(
    "anything else is refused",
    arguments: [
      "", ";", "-- only", "INSERT INTO t VALUES (1)", "EXPLAIN SELECT 1", "SELECT 1; SELECT 2",
      "SELECT 1;;x", "SELECT ')", "SELECT (1", "SELECT 1)", "SELECT $a$ b", "/* SELECT 1",
      "SELECT 1\0", "SELECT \"a",
    ]
  )
  func noQueries(text: String) {
    let failure = #expect(throws: Failure.self) { try SelectText(text) }
    #expect(failure?.code == "invalid_query")
  }

  @Test("columns that differ only by case are not chosen between")
  func ambiguous() {
    let failure = #expect(throws: Failure.self) {
      try SourceColumns(
        ["updated_at", "UPDATED_AT", "email", "payload"],
        data: .events,
        source: "the query"
      )
    }
    #expect(failure?.code == "column_ambiguous")
    #expect(failure?.message.contains("\"updated_at\" and \"UPDATED_AT\"") == true)
  }
}
