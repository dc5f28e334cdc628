import OrchestratorAPI

extension Record {
  init(_ report: TestReport, name: String) {
    self.init(
      name: name,
      fields: [
        "name": .text(name),
        "ok": .bool(report.ok),
        "server": .text(orNull: report.server),
        "error_code": .text(orNull: report.errorCode),
        "error_message": .text(orNull: report.errorMessage),
        "warnings": .texts(report.warnings),
        "rows_without_updated_at": .integer(report.rowsWithoutUpdatedAt),
        "columns": .list(
          report.columns.map { .object(["name": .text($0.name), "type": .text($0.type)]) }
        ),
        "preview": .list(
          report.preview.map { row in
            .list(row.values.map { value in value.text.map { .text($0) } ?? .null })
          }
        ),
      ]
    )
  }
}

extension TestReport {
  /// For people: what was found, then the preview as a table of its own.
  var tableText: String {
    var summary: OutputObject = ["ok": .bool(ok), "server": .text(orNull: server)]
    if !columns.isEmpty {
      summary.append("columns", .texts(columns.map { "\($0.name) \($0.type)" }))
    }
    if rowsWithoutUpdatedAt > 0 {
      summary.append("rows_without_updated_at", .integer(rowsWithoutUpdatedAt))
    }
    var text = TableRenderer.details(summary)
    if !preview.isEmpty {
      var table = TableRenderer(
        columns: columns.indices.map {
          Ops.Column(TerminalText.safe(columns[$0].name), String($0))
        }
      )
      text += "\n"
      for row in preview {
        let values = row.values.enumerated().map { index, value in
          OutputObject.Field(name: String(index), value: value.text.map { .text(cut($0)) } ?? .null)
        }
        text += table.add(Record(name: "", fields: OutputObject(fields: values)))
      }
      text += table.finish()
    }
    return text
  }

  private func cut(_ text: String) -> String {
    text.count > 60 ? text.prefix(59) + "…" : text
  }
}
