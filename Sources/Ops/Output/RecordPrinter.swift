/// Prints a command's records in the format that the user chose.
final class RecordPrinter {
  private let format: OutputFormat
  private let output: any ByteOutput
  /// Printed after every record: for lists that grow while one looks on.
  private let isLive: Bool
  private var table: TableRenderer
  private var count = 0

  init(
    _ format: OutputFormat,
    columns: [Column] = [],
    to output: any ByteOutput,
    isLive: Bool = false
  ) {
    self.format = format
    self.output = output
    self.isLive = isLive
    table = TableRenderer(columns: columns, learnFrom: isLive ? 1 : 500)
  }

  /// One of a list.
  func add(_ record: Record) throws {
    switch format {
    case .table: try output.write(table.add(record))
    case .json:
      try output.write(count == 0 ? "[\n  " : ",\n  ")
      try output.write(JSONRenderer.pretty(.object(record.fields), level: 1))
    case .jsonl: try line(JSONRenderer.compact(.object(record.fields)))
    case .yaml: try output.write(YAMLRenderer.render([.object(record.fields)]))
    case .name: try output.write(record.name + "\n")
    }
    count += 1
    if isLive { try output.flush() }
  }

  /// Ends a list; an empty one is `[]` for programs and nothing for people.
  func finish() throws {
    switch format {
    case .table: try output.write(table.finish())
    case .json: try output.write(count == 0 ? "[]\n" : "\n]\n")
    case .yaml: try output.write(count == 0 ? "[]\n" : "")
    case .jsonl, .name: break
    }
    try output.flush()
  }

  var isEmpty: Bool { count == 0 }

  /// The only one.
  func show(_ record: Record) throws {
    switch format {
    case .table: try output.write(TableRenderer.details(record.fields))
    case .json: try line(JSONRenderer.pretty(.object(record.fields)))
    case .jsonl: try line(JSONRenderer.compact(.object(record.fields)))
    case .yaml: try output.write(YAMLRenderer.render(.object(record.fields)))
    case .name: try output.write(record.name + "\n")
    }
    try output.flush()
  }

  private func line(_ bytes: [UInt8]) throws {
    try output.write(bytes)
    try output.write("\n")
  }
}
