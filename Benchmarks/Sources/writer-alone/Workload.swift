import SyncModel

/// Rows as an orchestrator sends them, made batch by batch: they are not what is measured.
struct Workload {
  enum Kind: String, CaseIterable {
    case fresh, updates, operators, events, purchases

    var data: SyncModel.DataType {
      switch self {
      case .fresh, .updates, .operators: .attributes
      case .events: .events
      case .purchases: .purchases
      }
    }
  }

  let kind: Kind
  /// Of the batch that is made.
  private var builder: RowBatchBuilder
  private var text: [UInt8] = []
  private var name: [UInt8] = []

  init(_ kind: Kind, batchRows: Int) {
    self.kind = kind
    builder = RowBatchBuilder(maximumRows: batchRows, targetBytes: .max)
  }

  /// Rows 50 ms apart; each kind's come after those of the kind before.
  mutating func batch(_ numbers: Range<Int>, round: Int) -> RowBatch {
    for number in numbers {
      name.removeAll(keepingCapacity: true)
      append("customer-", to: &name)
      append(1_000_000 + number, to: &name)
      text.removeAll(keepingCapacity: true)
      writePayload(number, round: round)
      name.withUnsafeBytes { name in
        text.withUnsafeBytes { text in
          var row = SourceRow()
          row.updatedAt = Timestamp(
            nanoseconds: 1_600_000_000_000_000_000 + Int64(round) * 86_400_000_000_000
              + Int64(number) * 50_000_000
          )
          row.externalID = name
          row.payload = text
          builder.append(row)
        }
      }
    }
    return builder.take()
  }

  /// About 200 bytes.
  private mutating func writePayload(_ number: Int, round: Int) {
    switch kind {
    case .fresh, .updates:
      // Eight attributes; those that begin with c have another value in every round.
      append(#"{"first_name":"User","city":"City "#, to: &text)
      append(number % 977, to: &text)
      append(#"","c_points":"#, to: &text)
      append(number % 5_000 + round, to: &text)
      append(#","plan":"family","newsletter":true,"c_seen":"day "#, to: &text)
      append(round, to: &text)
      append(#"","c_token":"0123456789abcdef0123"#, to: &text)
      append(number &* 2_654_435_761 % 1_000_000 + round, to: &text)
      append(#"","c_note":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn "#, to: &text)
      append(round, to: &text)
      append(#""}"#, to: &text)
    case .operators:
      append(#"{"visits":{"inc":1},"tags":{"add":["t"#, to: &text)
      append(number % 7, to: &text)
      append(#"","t"#, to: &text)
      append(number % 11, to: &text)
      append(#""],"remove":["old"]},"_merge_objects":true,"home":{"city":"City "#, to: &text)
      append(number % 977, to: &text)
      append(#"","pets":{"dogs":"#, to: &text)
      append(number % 3, to: &text)
      append(#"}},"orders":{"$add":[{"id":"#, to: &text)
      append(number, to: &text)
      append(#","total":12.50}]}}"#, to: &text)
    case .events:
      append(#"{"name":"event "#, to: &text)
      append(number % 20, to: &text)
      append(#"","properties":{"page":"/products/"#, to: &text)
      append(number % 977, to: &text)
      append(#"","referrer":"https://example.org/a/b/c/d","at":"2020-05-28T10:00:00Z","#, to: &text)
      append(#""price":12.50,"items":["a","b","c"],"device":{"os":"x","version":"#, to: &text)
      append(number % 9, to: &text)
      append(#"}}}"#, to: &text)
    case .purchases:
      append(#"{"product_id":"product "#, to: &text)
      append(number % 200, to: &text)
      append(
        #"","currency":"USD","price":12.50,"quantity":2,"properties":{"color":"red","#,
        to: &text
      )
      append(
        #""size":"XL","shop":"https://example.org/shops/lisbon","campaign":"spring","#,
        to: &text
      )
      append(#""discount":0.10,"gift":false,"n":"#, to: &text)
      append(number % 9, to: &text)
      append(#"}}"#, to: &text)
    }
  }

  private func append(_ text: StaticString, to bytes: inout [UInt8]) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    )
  }

  private func append(_ number: Int, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: String(number).utf8)
  }
}
