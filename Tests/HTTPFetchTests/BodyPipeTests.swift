import Testing

@testable import HTTPFetch

@Suite("A body's pipe")
struct BodyPipeTests {
  private func pipe(holding text: String) -> BodyPipe {
    let pipe = BodyPipe(capacity: 100)
    let isTaken = Array(text.utf8).withUnsafeBytes { pipe.offer($0) }
    #expect(isTaken)
    pipe.finish(.success(()))
    return pipe
  }

  @Test("A body that came whole and was not read does not look whole once it is abandoned")
  func abandoned() async throws {
    let pipe = pipe(holding: "rows")
    #expect(!pipe.abandon())
    await #expect(throws: CancellationError.self) { _ = try await pipe.next() }
  }

  @Test("A body that was read to its end stays whole")
  func read() async throws {
    let pipe = pipe(holding: "rows")
    #expect(try await pipe.next().bytes == Array("rows".utf8))
    #expect(!pipe.abandon())
    #expect(try await pipe.next().bytes == nil)
  }
}
