/// Tells tools such as grpcurl what a server offers (`grpc.reflection.v1` and `v1alpha`), from the
/// descriptors that the services bring along.
public struct ReflectionService: RPCService {
  private let files: [String: ProtoFile]
  /// Which file declares a name.
  private let fileNames: [String: String]
  private let messages: Set<String>
  private let services: [String]

  /// - Parameter services: all that the server offers besides.
  public init(describing services: [any RPCService]) {
    let all = services.flatMap(\.protoFiles) + Self.ownFiles
    files = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
    fileNames = Dictionary(
      all.flatMap { file in file.symbols.map { ($0, file.name) } }
    ) { first, _ in first }
    messages = Set(all.flatMap(\.messages))
    self.services = Set(all.flatMap(\.services)).sorted()
  }

  private static let ownFiles = [ReflectionV1Proto.file, ReflectionV1AlphaProto.file]

  public var protoFiles: [ProtoFile] { Self.ownFiles }

  public func register(with router: inout RPCRouter) {
    for version in ["v1", "v1alpha"] {
      let method = RPCMethod<ReflectionRequest, ReflectionResponse>(
        service: "grpc.reflection.\(version).ServerReflection",
        name: "ServerReflectionInfo",
        shape: .bidirectional
      )
      router.allowEveryRole(toCall: method)
      router.bidirectional(method) { requests, responses, _ in
        while let request = try await requests.next() {
          try await responses.write(
            ReflectionResponse(request: request, answer: answer(request.question))
          )
        }
      }
    }
  }

  private func answer(_ question: ReflectionRequest.Question?) -> ReflectionResponse.Answer {
    switch question {
    case .listServices: .services(services)
    case .fileByFilename(let name): fileAndImports(name)
    case .fileContainingSymbol(let symbol): fileAndImports(fileNames[symbol])
    case .fileContainingExtension: .failure(.notFound, "nothing here has extensions")
    case .allExtensionNumbers(let type):
      messages.contains(type)
        ? .extensionNumbers(type) : .failure(.notFound, "there is no message of that name here")
    case nil: .failure(.unimplemented, "that question is not known here")
    }
  }

  /// The file and everything that it imports, itself first.
  private func fileAndImports(_ name: String?) -> ReflectionResponse.Answer {
    guard let name, files[name] != nil else {
      return .failure(.notFound, "nothing of that name is declared here")
    }
    var names = [name]
    var index = 0
    while index < names.count {
      for name in files[names[index]]?.imports ?? [] where !names.contains(name) {
        names.append(name)
      }
      index += 1
    }
    return .files(names.compactMap { files[$0]?.bytes })
  }
}
