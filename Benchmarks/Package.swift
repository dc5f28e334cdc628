// swift-tools-version: 6.2
import PackageDescription

// Measurements, apart from the product and its tests: `make bench`.
let package = Package(
  name: "benchmarks",
  dependencies: [
    .package(name: "sluice", path: "..")
  ],
  targets: [
    .executableTarget(
      name: "batch-coding",
      dependencies: [
        .product(name: "SyncModel", package: "sluice"),
        .product(name: "Wire", package: "sluice"),
        .product(name: "WriterAPI", package: "sluice"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]
    )
  ]
)
