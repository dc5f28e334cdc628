import HTTPFetch
import SyncModel
import Testing
import Warehouse

@testable import Warehouses

/// One thing that goes wrong, or that somebody has to wait for, as the emulator brings it about.
struct DatabricksSituation: Sendable, CustomTestStringConvertible {
  struct Said: Equatable {
    /// Of a failure; `(progress)` for what is told meanwhile.
    var code: String
    var text: String
  }

  /// Who logs in.
  enum Login: Sendable {
    case owner, token(String), client(secret: String), nobody
    case other(CredentialType, secret: String)

    func credentials(_ bench: DatabricksBench) -> WarehouseCredentials {
      switch self {
      case .owner: bench.fixture.credentials
      case .token(let principal): bench.fixture.token(principal)
      case .client(let secret): bench.fixture.client(secret: secret)
      case .nobody: WarehouseCredentials()
      case .other(let type, let secret):
        WarehouseCredentials(
          WarehouseCredential(type: type, username: "", secret: Array(secret.utf8))
        )
      }
    }
  }

  /// As the page's table has it.
  let name: String
  let provoke: @Sendable (DatabricksBench) async throws -> Said?

  var testDescription: String { name }

  /// What a read fails with, after a table `t` of three rows was made and something was changed.
  static func reading(
    _ name: String,
    _ selection: RowSelection = .table("t"),
    settings: [String: String] = [:],
    as login: Login = .owner,
    after change: @escaping @Sendable (DatabricksBench) async throws -> Void = { _ in }
  ) -> Self {
    Self(name: name) { bench in
      try await bench.make(rows: 3)
      try await change(bench)
      return await bench.failure(login.credentials(bench), settings: settings, selection: selection)
        .map(Said.init)
    }
  }

  /// A read after faults at one point.
  static func fault(
    _ name: String,
    _ point: String,
    _ action: JSONValue,
    skip: Int = 0,
    times: Int = 1,
    as login: Login = .owner
  ) -> Self {
    reading(name, as: login) { bench in
      try await bench.fixture.fault(point, action, skip: skip, times: times)
    }
  }

  /// A read by a principal of these rights.
  static func by(_ name: String, canUse: Bool) -> Self {
    reading(name, as: .token("reader")) { bench in
      try await bench.fixture.steer(
        "principal",
        [
          "name": "reader", "can_use": .bool(canUse),
          "tokens": [.string("dapi.\(bench.fixture.workspace).reader")],
        ]
      )
    }
  }

  static func query(_ name: String, _ text: String) -> Self { reading(name, .query(text)) }

  /// What the workspace says of a statement that failed.
  static func failed(_ name: String, _ code: String, _ message: String) -> Self {
    let status: JSONValue = [
      "state": "FAILED", "error": ["error_code": .string(code), "message": .string(message)],
    ]
    return fault(
      name,
      "status",
      ["status": 200, "json": ["statement_id": "01ef", "status": status]]
    )
  }

  /// The notices of a start that takes a second; the one that fits.
  static func notice(
    _ name: String,
    after change: @escaping @Sendable (DatabricksBench) async throws -> Void = { _ in },
    where fits: @escaping @Sendable (WarehouseNotice) -> Bool
  ) -> Self {
    Self(name: name) { bench in
      try await bench.make(rows: 3)
      try await bench.fixture.steer("warehouse", ["state": "STOPPED", "start_seconds": 1])
      try await change(bench)
      let connection = try await bench.connect()
      _ = try await bench.listening { try await bench.ids(connection) }
      await connection.close()
      return bench.memory.notices.first(where: fits).map {
        Said(code: "(progress)", text: $0.text)
      }
    }
  }

  /// A start that does not come to its end.
  static func start(
    _ name: String,
    _ warehouse: JSONValue,
    _ change: @escaping @Sendable (inout DatabricksTiming) -> Void = { _ in }
  ) -> Self {
    Self(name: name) { bench in
      try await bench.make(rows: 3)
      try await bench.fixture.steer("warehouse", warehouse)
      let connection = try await bench.connect(nil, change)
      let found = try await connection.inspect(.table("t"), data: .attributes, previewLimit: 1)
      await connection.close()
      return found.problem.map(Said.init)
    }
  }
}

extension DatabricksSituation.Said {
  init(_ failure: Failure) {
    code = failure.code
    text = failure.message
  }
}

extension DatabricksBench {
  /// With the page's names for what differs from run to run.
  func shown(_ said: DatabricksSituation.Said) -> DatabricksSituation.Said {
    let host = "dbc-12ab34cd-56ef.cloud.databricks.com"
    var text = said.text
    for (found, name) in [
      ("localhost:\(fixture.emulator.facts.port)", host), ("localhost:65534", host),
      ("localhost", host), (fixture.warehouse, "dd43ee29fedd958d"),
    ] {
      text = text.split(separator: found, omittingEmptySubsequences: false).joined(separator: name)
    }
    text.replace(#/[0-9]+ s so far/#, with: "40 s so far")
    text.replace(#/after [0-9]+ s$/#, with: "after 190 s")
    // Scaled for the tests.
    text.replace("within 1 seconds", with: "within 600 seconds")
    text.replace("longer than 1 seconds", with: "longer than 120 seconds")
    return .init(code: said.code, text: text)
  }
}
