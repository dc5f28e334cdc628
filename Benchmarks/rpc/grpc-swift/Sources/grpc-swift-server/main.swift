// grpc-swift-server PORT [CERTIFICATE KEY AUTHORITY]
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore

let arguments = Array(CommandLine.arguments.dropFirst())
guard let port = arguments.first.flatMap({ Int($0) }) else {
  preconditionFailure("say a port")
}
// All sides have one thread for their connections; NIO's default is one a core.
NIOSingletons.groupLoopCountSuggestion = 1

let security: HTTP2ServerTransport.Posix.TransportSecurity =
  arguments.count < 4
  ? .plaintext
  : .mTLS(
    certificateChain: [.file(path: arguments[1], format: .pem)],
    privateKey: .file(path: arguments[2], format: .pem)
  ) { config in
    config.trustRoots = .certificates([.file(path: arguments[3], format: .pem)])
    config.requireALPN = true
  }

let server = GRPCServer(
  transport: .http2NIOPosix(
    address: .ipv4(host: "127.0.0.1", port: port),
    transportSecurity: security
  ),
  services: [BenchService()]
)
try await server.serve()
