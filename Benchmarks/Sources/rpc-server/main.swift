// bench.v1.Bench behind the interceptors that the services have, and those they will have:
//   rpc-server PORT [CERTIFICATE KEY AUTHORITY]
import Logging
import RPC
import RPCBench

let arguments = Array(CommandLine.arguments.dropFirst())
guard let port = arguments.first.flatMap({ Int($0) }) else {
  preconditionFailure("say a port")
}
let tls = BenchSetup.tls(arguments.dropFirst())
BenchSetup.useOneLoop()

var logger = Logger(label: "rpc-server") { StreamLogHandler.standardError(label: $0) }
logger.logLevel = .info

var router = RPCRouter([BenchService()])
// Without certificates there are no roles to ask for.
if tls != nil {
  var roles = RoleTable()
  roles.allow("operator", toCall: BenchMethods.echo)
  roles.allow("operator", toCall: BenchMethods.down)
  roles.allow("operator", toCall: BenchMethods.up)
  router.restrict(to: roles)
}

let server = HTTP2Server(
  host: "127.0.0.1",
  port: port,
  tls: tls,
  router:
    router
    .intercepted(by: CallMetrics())
    .intercepted(by: CallLogging(logger))
    .intercepted(by: CallTracing()),
  logger: logger
)
try await server.run()
