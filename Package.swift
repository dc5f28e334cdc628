// swift-tools-version: 6.2
// The house in one page: which target holds what is in docs/architecture.md. Imports point down only;
// `make check` compares every import with the dependencies that are declared here.
import PackageDescription

let package = Package(
  name: "sluice",
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    .executable(name: "sluice-vault", targets: ["sluice-vault"]),
    .executable(name: "sluice-orchestrator", targets: ["sluice-orchestrator"]),
    .executable(name: "sluice-writer", targets: ["sluice-writer"]),
    // For Benchmarks/, a package of its own.
    .library(name: "RPC", targets: ["RPC"]),
    .library(name: "Wire", targets: ["Wire"]),
    .library(name: "SyncModel", targets: ["SyncModel"]),
    .library(name: "WriterAPI", targets: ["WriterAPI"]),
    .library(name: "Destination", targets: ["Destination"]),
    .library(name: "Destinations", targets: ["Destinations"]),
    .library(name: "Crypto", targets: ["Crypto"]),
    .library(name: "HTTPFetch", targets: ["HTTPFetch"]),
    .library(name: "Warehouse", targets: ["Warehouse"]),
    .library(name: "Warehouses", targets: ["Warehouses"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: a module map and a shim each, nothing else.
    .systemLibrary(
      name: "CNghttp2",
      pkgConfig: "libnghttp2",
      providers: [.apt(["libnghttp2-dev"])]
    ),
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CCurl",
      pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"])]
    ),

    // The system: what Glibc has, in a form for Swift.
    .target(name: "SystemThread"),

    // Pure.
    .target(name: "Wire"),
    .target(name: "SyncModel", dependencies: ["Wire"]),

    // Engines.
    .target(name: "Crypto", dependencies: ["COpenSSL"]),
    .target(name: "SQLDatabase", dependencies: ["CSQLite", "CPostgreSQL", "SystemThread"]),
    .target(name: "Loopback"),
    .target(name: "HTTPFetch", dependencies: ["CCurl", "CZlib", "SyncModel", "SystemThread"]),
    .target(
      name: "RPC",
      dependencies: [
        "Wire", "CNghttp2", "COpenSSL", "CZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "DequeModule", package: "swift-collections"),
      ]
    ),

    // Platform.
    .target(
      name: "ServiceRuntime",
      dependencies: [
        "RPC", "SyncModel", "SQLDatabase", "SystemThread",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),

    // Contracts.
    .target(name: "VaultAPI", dependencies: ["Wire", "SyncModel", "RPC"]),
    .target(name: "OrchestratorAPI", dependencies: ["Wire", "SyncModel", "RPC"]),
    .target(name: "WriterAPI", dependencies: ["Wire", "SyncModel", "RPC"]),
    .target(name: "Warehouse", dependencies: ["SyncModel"]),
    .target(name: "Destination", dependencies: ["SyncModel"]),

    // Services.
    .target(
      name: "Vault",
      dependencies: [
        "VaultAPI", "SyncModel", "Crypto", "SQLDatabase", "RPC",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .target(
      name: "Orchestrator",
      dependencies: [
        "OrchestratorAPI", "VaultAPI", "WriterAPI", "Warehouse", "SyncModel", "SQLDatabase", "RPC",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .target(
      name: "Warehouses",
      dependencies: [
        "Warehouse", "SyncModel", "SQLDatabase", "HTTPFetch", "Crypto", "Loopback", "SystemThread",
        .product(name: "Logging", package: "swift-log"),
      ]
    ),
    .target(
      name: "Writer",
      dependencies: [
        "WriterAPI", "Destination", "SyncModel", "RPC",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .target(
      name: "Destinations",
      dependencies: [
        "Destination", "SyncModel", "SQLDatabase", "Crypto",
        .product(name: "Logging", package: "swift-log"),
      ]
    ),
    .target(
      name: "Ops",
      dependencies: [
        "VaultAPI", "OrchestratorAPI", "WriterAPI", "SyncModel", "RPC", "Crypto", "ServiceRuntime",
        "SQLDatabase", "Loopback", "SystemThread",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ]
    ),

    // Processes: the only place that chooses what is linked.
    .executableTarget(
      name: "sluice-vault",
      dependencies: ["Vault", "VaultAPI", "ServiceRuntime", "SQLDatabase", "Crypto"]
    ),
    .executableTarget(
      name: "sluice-orchestrator",
      dependencies: [
        "Orchestrator", "OrchestratorAPI", "VaultAPI", "WriterAPI", "Warehouse", "Warehouses",
        "ServiceRuntime", "SQLDatabase", "HTTPFetch", "Crypto", "RPC", "SyncModel",
      ]
    ),
    .executableTarget(
      name: "sluice-writer",
      dependencies: [
        "Writer", "WriterAPI", "Destination", "Destinations", "ServiceRuntime", "SQLDatabase",
        "SyncModel", .product(name: "Logging", package: "swift-log"),
      ]
    ),
    .executableTarget(name: "sluice", dependencies: ["Ops"]),

    // Tests.
    .target(
      name: "TestSupport",
      dependencies: [
        "Wire", "SyncModel", "RPC", "VaultAPI", "OrchestratorAPI", "WriterAPI", "Warehouse",
        "Destination", "Crypto", "SQLDatabase", "Loopback", "SystemThread",
      ]
    ),
    // The message of protobuf's conformance cases, coded by hand on Wire's primitives.
    .target(name: "WireConformance", dependencies: ["Wire"], path: "Tests/WireConformance"),
    .testTarget(name: "WireTests", dependencies: ["Wire", "WireConformance"]),
    .testTarget(name: "SyncModelTests", dependencies: ["SyncModel", "Wire"]),
    .testTarget(name: "CryptoTests", dependencies: ["Crypto", "TestSupport"]),
    .testTarget(name: "SQLDatabaseTests", dependencies: ["SQLDatabase", "TestSupport"]),
    .testTarget(
      name: "HTTPFetchTests",
      dependencies: ["HTTPFetch", "SyncModel", "Crypto", "TestSupport"]
    ),
    .testTarget(
      name: "RPCTests",
      dependencies: [
        "RPC", "Wire", "Crypto", "Loopback", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
      ]
    ),
    .testTarget(
      name: "APITests",
      dependencies: [
        "VaultAPI", "OrchestratorAPI", "WriterAPI", "RPC", "SyncModel", "Wire", "TestSupport",
      ]
    ),
    // Not a test itself: Tests/Integration/test_wire.py compares it with protobuf for Python.
    .executableTarget(
      name: "wire-testee",
      dependencies: ["VaultAPI", "OrchestratorAPI", "WriterAPI", "Wire", "WireConformance"],
      path: "Tests/WireTestee"
    ),
    // Not a test itself: Tests/Integration/test_interop.py has it call and answer gRPC for Python.
    .executableTarget(
      name: "interop",
      dependencies: ["RPC", "Wire", .product(name: "Logging", package: "swift-log")],
      path: "Tests/Interop"
    ),
    .testTarget(
      name: "VaultTests",
      dependencies: [
        "Vault", "VaultAPI", "Crypto", "SQLDatabase", "RPC", "SyncModel", "TestSupport", "Wire",
        .product(name: "Logging", package: "swift-log"),
      ]
    ),
    .testTarget(
      name: "WarehousesTests",
      dependencies: [
        "Warehouse", "Warehouses", "SyncModel", "SQLDatabase", "HTTPFetch", "Crypto", "Loopback",
        "TestSupport",
      ]
    ),
    .testTarget(
      name: "DestinationsTests",
      dependencies: [
        "Destination", "Destinations", "SyncModel", "SQLDatabase", "Crypto", "TestSupport",
      ]
    ),
    .testTarget(
      name: "WriterTests",
      dependencies: [
        "Writer", "WriterAPI", "Destination", "Destinations", "SyncModel", "RPC", "SQLDatabase",
        "Crypto", "TestSupport", .product(name: "Logging", package: "swift-log"),
      ]
    ),
    .testTarget(
      name: "OrchestratorTests",
      dependencies: [
        "Orchestrator", "OrchestratorAPI", "VaultAPI", "WriterAPI", "Warehouse", "Warehouses",
        "Writer", "Destination", "Destinations", "SyncModel", "SQLDatabase", "RPC", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .testTarget(
      name: "OpsTests",
      dependencies: [
        "Ops", "ServiceRuntime", "VaultAPI", "OrchestratorAPI", "WriterAPI", "RPC", "SyncModel",
        "TestSupport", .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
    ),
  ]
)

// One set of rules for every target.
// ExistentialAny: SE-0335. InternalImportsByDefault: SE-0409. MemberImportVisibility: SE-0444.
// NonisolatedNonsendingByDefault: SE-0461.
for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
}
