/// The three services.
enum ServiceRole: String, Sendable, CaseIterable {
  case vault
  case orchestrator
  case writer

  var binary: String { "sluice-" + rawValue }
}
