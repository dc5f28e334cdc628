import Synchronization
import Wire

@testable import RPC

/// A service whose answers are compressed as the client asks, and tell what it saw.
struct CompressingService: RPCService {
  static let name = "test.Compressing"
  static let answer = RPCMethod<Note, Note>(service: name, name: "Answer")
  static let sum = RPCMethod<Note, Note>(service: name, name: "Sum", shape: .clientStreaming)
  static let chat = RPCMethod<Note, Note>(service: name, name: "Chat", shape: .bidirectional)
  static let late = RPCMethod<Note, Note>(service: name, name: "Late", shape: .serverStreaming)

  /// Bits of a request's number.
  static let compressResponse: Int64 = 1
  static let leaveThisOut: Int64 = 2

  static func text(asked: Bool, request: Bool) -> String { "asked=\(asked) request=\(request)" }

  func register(with router: inout RPCRouter) {
    router.unary(Self.answer) { request, context in
      let asked = request.number & Self.compressResponse != 0 && context.compressResponse()
      return Note(
        Self.text(asked: asked, request: context.lastMessageWasCompressed),
        payload: request.payload
      )
    }
    router.clientStreaming(Self.sum) { requests, context in
      var sum = Note()
      while let note = try await requests.next() {
        sum.number += Int64(note.payload.count)
        sum.text += context.lastMessageWasCompressed ? "z" : "-"
      }
      return sum
    }
    router.bidirectional(Self.chat) { requests, responses, context in
      context.compressResponse()
      while let note = try await requests.next() {
        var answer = note
        answer.text = context.lastMessageWasCompressed ? "z" : "-"
        if note.number & Self.leaveThisOut != 0 {
          try await responses.writeUncompressed(answer)
        } else {
          try await responses.write(answer)
        }
      }
    }
    router.serverStreaming(Self.late) { request, responses, context in
      try await responses.write(request)
      let asked = context.compressResponse()
      try await responses.write(Note("\(asked)", payload: request.payload))
    }
  }
}
