public import Wire

/// `sluice.orchestrator.v1.TestEvent`: one step of a test, or its report.
public struct TestEvent: WireMessage, Equatable {
  /// What is being done now, a short sentence.
  public var progress = ""
  /// Set on the last event only.
  public var report: TestReport?

  public init() {}

  public init(progress: String = "", report: TestReport? = nil) {
    self.progress = progress
    self.report = report
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): progress = try reader.string()
      case (2, .lengthDelimited): try reader.message(into: &report)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, progress)
    writer.message(2, report)
  }
}
