// swift-tools-version: 6.2
import PackageDescription

// Measurements, apart from the product and its tests: `make bench`, `make bench-rpc`.
let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "sluice", path: ".."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .executableTarget(
      name: "batch-coding",
      dependencies: [
        .product(name: "SyncModel", package: "sluice"),
        .product(name: "Wire", package: "sluice"),
        .product(name: "WriterAPI", package: "sluice"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),

    .executableTarget(
      name: "writer-alone",
      dependencies: [
        .product(name: "SyncModel", package: "sluice"),
        .product(name: "Destination", package: "sluice"),
        .product(name: "Destinations", package: "sluice"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),

    // Beside the warehouses' own clients in `reading/`.
    .executableTarget(
      name: "warehouse-reading",
      dependencies: [
        .product(name: "Crypto", package: "sluice"),
        .product(name: "HTTPFetch", package: "sluice"),
        .product(name: "SyncModel", package: "sluice"),
        .product(name: "Warehouse", package: "sluice"),
        .product(name: "Warehouses", package: "sluice"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),

    // The two ends that rpc-table measures: a server, and a source of calls.
    .target(
      name: "RPCBench",
      dependencies: [
        .product(name: "RPC", package: "sluice"),
        .product(name: "Wire", package: "sluice"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
    .executableTarget(
      name: "rpc-server",
      dependencies: [
        "RPCBench",
        .product(name: "RPC", package: "sluice"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
    .executableTarget(
      name: "rpc-client",
      dependencies: [
        "RPCBench",
        .product(name: "RPC", package: "sluice"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    ),
  ]
)
