/// How a command prints its data.
enum OutputFormat: String, Sendable, CaseIterable {
  /// For people; not for programs to read.
  case table
  /// One JSON document.
  case json
  /// One JSON object a line, as it comes.
  case jsonl
  case yaml
  /// Names (or ids) only, one a line.
  case name
}
