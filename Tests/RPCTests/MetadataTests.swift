import RPC
import Testing

/// What travels beside a call's messages ("Custom-Metadata" and "Status" of gRPC over HTTP/2).
@Suite("Metadata of responses")
struct MetadataTests {
  /// Answers with the metadata that the client asks for by the text of its request.
  private struct Teller: RPCService {
    static let tell = RPCMethod<Note, Note>(
      service: "test.Teller",
      name: "Tell",
      shape: .bidirectional
    )

    func register(with router: inout RPCRouter) {
      router.bidirectional(Self.tell) { requests, responses, context in
        var initial = Metadata()
        initial.append("first", "1")
        initial.append("first-bin", .bytes([0, 255]))
        try context.addInitialMetadata(initial)
        var trailing = Metadata()
        trailing.append("last-bin", .bytes([1, 2, 3]))
        try context.addTrailingMetadata(trailing)
        while let request = try await requests.next() {
          if request.text == "fail" {
            var error = RPCError(.aborted, "as asked", reason: "asked")
            error.statusDetails = [8, 10]
            throw error
          }
          try await responses.write(request)
        }
      }
    }
  }

  private func tell(
    over carrier: Carrier,
    _ texts: [String]
  ) async throws -> (ResponseMetadata, RPCError?) {
    let response = ResponseMetadata()
    var options = CallOptions()
    options.response = response
    return try await withClient(over: carrier, [Teller()]) { [options] client in
      do {
        try await client.bidirectional(Teller.tell, options: options) {
          requests,
          finish,
          responses in
          for text in texts { try await requests.write(Note(text)) }
          try await finish()
          while try await responses.next() != nil {
            #expect(response.initial.first("first") == "1", "it comes before the first message")
          }
        }
        return (response, nil)
      } catch let error as RPCError {
        return (response, error)
      }
    }
  }

  @Test(
    "a handler's metadata comes before the messages and with the status",
    arguments: Carrier.allCases,
    [[], ["a"], ["a", "b"], ["fail"], ["a", "fail"]]
  )
  func both(carrier: Carrier, texts: [String]) async throws {
    let (response, error) = try await tell(over: carrier, texts)
    #expect(response.initial["first"] == [.text("1")])
    #expect(response.initial["first-bin"] == [.bytes([0, 255])])
    #expect(response.initial["last-bin"].isEmpty)
    #expect(response.trailing["last-bin"] == [.bytes([1, 2, 3])])
    #expect(response.trailing["first"].isEmpty)
    #expect((error != nil) == texts.contains("fail"))
    if let error {
      #expect(error.code == .aborted)
      #expect(error.reason == "asked")
      #expect(error.statusDetails == [8, 10])
      #expect(error.metadata["last-bin"] == [.bytes([1, 2, 3])])
    }
  }
}
