import RPC
import Wire

/// A message for the tests: some text, a number, some bytes.
struct Note: WireMessage, Equatable {
  var text = ""
  var number: Int64 = 0
  var payload: [UInt8] = []

  init() {}
  init(_ text: String = "", number: Int64 = 0, payload: [UInt8] = []) {
    self.text = text
    self.number = number
    self.payload = payload
  }

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): text = try reader.string()
      case (2, .varint): self.number = try reader.int64()
      case (3, .lengthDelimited): payload = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.string(1, text)
    writer.int64(2, number)
    writer.byteArray(3, payload)
  }
}

/// A service that behaves, and misbehaves, as the client commands.
final class EchoService: RPCService {
  static let name = "test.Echo"
  static let echo = RPCMethod<Note, Note>(service: name, name: "Echo", isIdempotent: true)
  static let count = RPCMethod<Note, Note>(service: name, name: "Count", shape: .serverStreaming)
  static let sum = RPCMethod<Note, Note>(service: name, name: "Sum", shape: .clientStreaming)
  static let chat = RPCMethod<Note, Note>(service: name, name: "Chat", shape: .bidirectional)
  static let fail = RPCMethod<Note, Note>(service: name, name: "Fail")
  static let failLate = RPCMethod<Note, Note>(
    service: name,
    name: "FailLate",
    shape: .serverStreaming
  )
  static let hang = RPCMethod<Note, Note>(service: name, name: "Hang")
  static let flood = RPCMethod<Note, Note>(service: name, name: "Flood", shape: .serverStreaming)
  static let drip = RPCMethod<Note, Note>(service: name, name: "Drip", shape: .bidirectional)
  static let whoAmI = RPCMethod<Note, Note>(service: name, name: "WhoAmI")
  static let quit = RPCMethod<Note, Note>(service: name, name: "Quit", shape: .clientStreaming)
  static let missing = RPCMethod<Note, Note>(service: name, name: "Missing")

  struct Unexpected: Error, CustomStringConvertible {
    var description: String { "the password is hunter2" }
  }

  struct Convertible: RPCErrorConvertible {
    var rpcError: RPCError {
      RPCError(.failedPrecondition, "not now: 100% — später", reason: "busy")
    }
  }

  /// How many messages `flood` wrote so far.
  let flooded = Gauge()
  let running = Gauge()
  let cancelled = Gauge()
  /// Lets `hang` return.
  let release = Gauge()

  func register(with router: inout RPCRouter) {
    router.unary(Self.echo) { request, _ in request }
    router.serverStreaming(Self.count) { request, responses, _ in
      for index in 0..<request.number { try await responses.write(Note(number: index)) }
    }
    router.clientStreaming(Self.sum) { requests, _ in
      var sum: Int64 = 0
      while let note = try await requests.next() { sum += note.number + Int64(note.payload.count) }
      return Note(number: sum)
    }
    router.bidirectional(Self.chat) { requests, responses, _ in
      while let note = try await requests.next() { try await responses.write(note) }
    }
    router.unary(Self.fail) { request, _ in
      switch request.text {
      case "unexpected": throw Unexpected()
      case "convertible": throw Convertible()
      default:
        var metadata = Metadata()
        metadata.append("detail-bin", .bytes([0, 255, 7]))
        throw RPCError(
          RPCCode(rawValue: Int(request.number)) ?? .unknown,
          request.text,
          metadata: metadata
        )
      }
    }
    router.serverStreaming(Self.failLate) { request, responses, _ in
      for index in 0..<request.number { try await responses.write(Note(number: index)) }
      throw RPCError(.dataLoss, "after \(request.number)")
    }
    router.unary(Self.hang) { request, _ in
      self.running.add()
      do {
        try await self.release.reach(1)
      } catch {
        self.cancelled.add()
        throw error
      }
      return request
    }
    router.serverStreaming(Self.flood) { request, responses, _ in
      do {
        let note = Note(payload: [UInt8](repeating: 7, count: request.payload.count))
        for _ in 0..<request.number {
          try await responses.write(note)
          self.flooded.add()
        }
      } catch {
        self.cancelled.add()
        throw error
      }
    }
    router.bidirectional(Self.drip) { requests, responses, _ in
      // Reads one message each time the test lets it.
      var index = 1
      while true {
        try await self.release.reach(index)
        guard let note = try await requests.next() else { return }
        try await responses.write(Note(number: Int64(note.payload.count)))
        index += 1
      }
    }
    router.clientStreaming(Self.quit) { requests, _ in
      let first = try await requests.next()
      return Note(number: first?.number ?? -1)
    }
    router.unary(Self.whoAmI) { _, context in
      let entries = context.metadata.entries.map { entry in
        switch entry.value {
        case .text(let text): "\(entry.name)=\(text)"
        case .bytes(let bytes): "\(entry.name)=\(bytes)"
        }
      }
      let peer = context.peer?.uri ?? "nobody"
      return Note(
        ([context.path, peer] + entries).joined(separator: "\n"),
        number: context.deadline == nil ? 0 : 1
      )
    }
  }
}
