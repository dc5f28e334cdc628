import OrchestratorAPI
import ServiceRuntime
import SyncModel
import Testing

@testable import Ops

/// The writers of data: exact, and safe for a terminal.
@Suite struct OutputTests {
  private let value: OutputValue = .object([
    "text": "a \"b\" \\ \n \u{7} é 🎉", "none": nil, "yes": true, "min": .integer(.min),
    "max": .unsigned(.max), "list": [1, "x"], "empty": [], "object": .object(["a": 1]),
    "nothing": .object([:]), "raw": .json(Array(#"{"n":1.10}"#.utf8)),
  ])

  @Test func `JSON on one line has every digit and every byte`() {
    #expect(
      String(decoding: JSONRenderer.compact(value), as: UTF8.self)
        == #"{"text":"a \"b\" \\ \n \u0007 é 🎉","none":null,"yes":true,"#
        + #""min":-9223372036854775808,"max":18446744073709551615,"list":[1,"x"],"empty":[],"#
        + #""object":{"a":1},"nothing":{},"raw":{"n":1.10}}"#
    )
  }

  @Test func `JSON over several lines`() {
    let value: OutputValue = .object([
      "a": 1, "list": [.object(["b": nil]), []], "c": .object([:]),
    ])
    #expect(
      String(decoding: JSONRenderer.pretty(value), as: UTF8.self) == """
        {
          "a": 1,
          "list": [
            {
              "b": null
            },
            []
          ],
          "c": {}
        }
        """
    )
  }

  @Test(arguments: [
    (
      #"{"a":[1,2.50,{"b":"x,:{}[]\"\\"}],"c":{},"d":[]}"#,
      [
        "{", "  \"a\": [", "    1,", "    2.50,", "    {", #"      "b": "x,:{}[]\"\\""#, "    }",
        "  ],", "  \"c\": {},", "  \"d\": []", "}",
      ]
    ),
    ("[ ]", ["[]"]), ("1e400", ["1e400"]), ("", [""]), ("]]", ["", "", "]"]),
  ]) func `a service's JSON is laid out without touching a token`(
    _ json: String,
    _ lines: [String]
  ) {
    let text = String(decoding: JSONRenderer.indented(Array(json.utf8)), as: UTF8.self)
    if json != "]]" { #expect(text == lines.joined(separator: "\n")) }
    #expect(
      text.filter { !$0.isWhitespace } == json.filter { !$0.isWhitespace }
    )
  }

  @Test func `deep nesting costs no more than its length`() {
    let deep = [UInt8](repeating: 0x5B, count: 20_000)
    #expect(JSONRenderer.indented(deep).count < 20_000 * 70)
  }

  @Test func `YAML quotes what could be taken for something else`() {
    #expect(
      YAMLRenderer.render(
        .object([
          "name": "shop", "list": [.object(["a": 1, "b": ["x"]]), "y"], "empty": [],
          "object": .object(["n": nil]),
        ])
      ) == """
        name: shop
        list:
          - a: 1
            b:
              - x
          - "y"
        empty: []
        object:
          "n": null

        """
    )
    for word in ["", "yes", "null", "12", "-", "a: b", "a #b", "1.5", "~", "é", "a\nb", "*x"] {
      #expect(YAMLRenderer.text(word).hasPrefix("\""), "\(word)")
    }
    for word in ["shop", "a-b_c.d", "/path/x", "ops@example.com"] {
      #expect(YAMLRenderer.text(word) == word)
    }
  }

  @Test func `a table has as wide columns as its cells, and nothing when it is empty`() {
    let columns = [Column("NAME", "name"), Column("ROWS", "rows", .right), Column("NOTE", "note")]
    var table = TableRenderer(columns: columns)
    #expect(table.finish() == "")
    var filled = TableRenderer(columns: columns)
    var text = filled.add(Record(name: "a", fields: ["name": "purchases", "rows": 5]))
    text += filled.add(Record(name: "b", fields: ["name": "b", "rows": 12345, "note": "x y"]))
    text += filled.finish()
    #expect(
      text == """
        NAME        ROWS  NOTE
        purchases      5  -
        b          12345  x y

        """
    )
  }

  @Test func `a long table is printed as it comes, in bounded memory`() {
    var table = TableRenderer(columns: [Column("N", "n")], learnFrom: 2)
    #expect(table.add(Record(name: "", fields: ["n": 1])) == "")
    #expect(table.add(Record(name: "", fields: ["n": 2])) == "N\n1\n2\n")
    #expect(table.add(Record(name: "", fields: ["n": 3])) == "3\n")
    #expect(table.finish() == "")
  }

  @Test func `control characters of other people's data never reach a terminal`() {
    let text = "a\u{1B}[2J\u{7}\n\t\u{9B}31m\u{202E}é"
    #expect(
      TerminalText.safe(text) == #"a\u{1b}[2J\u{7}\n\t\u{9b}31m\u{202e}é"#
    )
    #expect(TerminalText.safe("a\nb", keepingNewlines: true) == "a\nb")
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (1_704_067_200_250_000_000, "2024-01-01T00:00:00.25Z"),
    (-1, "1969-12-31T23:59:59.999999999Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
    (1_709_164_800_000_000_001, "2024-02-29T00:00:00.000000001Z"),
    (-2_203_891_200_000_000_000, "1900-03-01T00:00:00Z"),
    (Int64.max, "2262-04-11T23:47:16.854775807Z"), (Int64.min, "1677-09-21T00:12:43.145224192Z"),
  ]) func `an instant is RFC 3339 in UTC, to the nanosecond`(_ time: Int64, _ text: String) {
    #expect(Timestamp(nanoseconds: time).rfc3339Text == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
    (Int64.min, "-9,223,372,036,854,775,808"),
  ]) func `numbers for people have thousands apart`(_ number: Int64, _ text: String) {
    #expect(grouped(number) == text)
  }

  @Test(arguments: [
    ("90s", 90_000_000_000), ("15m", 900_000_000_000), ("1h30m", 5_400_000_000_000),
    ("7d", 604_800_000_000_000), ("0s", 0), ("", nil), ("15", nil), ("m", nil), ("-5m", nil),
    ("1.5h", nil), ("106752d", nil), ("5m3", nil), ("9223372036854775807s", nil),
  ]) func `durations are numbers with units, never rounded`(_ text: String, _ expected: Int64?) {
    #expect(DurationText.nanoseconds(text) == expected)
  }

  @Test(arguments: [
    ("tabel", "table"), ("sources", "source"), ("xyz", nil), ("q", nil), ("shcedule", "schedule"),
  ]) func `a near word is suggested, a far one is not`(_ word: String, _ expected: String?) {
    let known = ["table", "source", "schedule", "query"]
    #expect(Suggestion.nearest(to: word, in: known) == expected)
  }
}
