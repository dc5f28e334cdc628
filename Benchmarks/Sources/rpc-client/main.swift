// Calls bench.v1.Bench's Echo as the services call each other: N connections with M calls each at a
// time. Prints a line of JSON as rpc/load.c does.
//   rpc-client PORT CONNECTIONS STREAMS SIZE WARMUP SECONDS [loop]
// The calls come from the global pool, as a program's do, or with `loop` from the connections' event
// loop, as those of a service's handlers do.
import Logging
import RPC
import RPCBench

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.prefix(6).compactMap { Double($0) }
guard numbers.count == 6 else { preconditionFailure("say six numbers") }
BenchSetup.useOneLoop()

let logger = Logger(label: "rpc-client") { StreamLogHandler.standardError(label: $0) }
let load = EchoLoad(
  port: Int(numbers[0]),
  connections: Int(numbers[1]),
  streams: Int(numbers[2]),
  size: Int(numbers[3]),
  logger: logger
)
let report = try await load.run(
  warmup: .seconds(numbers[4]),
  measured: .seconds(numbers[5]),
  on: arguments.last == "loop" ? LoopExecutor() : nil
)
print(report)
