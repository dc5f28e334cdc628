import Glibc
import HTTPFetch
import SyncModel
import Warehouse

/// A source's settings, read.
struct BigQuerySettings: Sendable {
  static let schema = SettingsSchema([
    .init(
      "project",
      .text,
      isRequired: true,
      help: "the id of the Google Cloud project that queries run in and are billed to"
    ),
    .init(
      "dataset",
      .text,
      help: "the dataset of tables that are named without one; project.dataset for another project"
    ),
    .init(
      "location",
      .text,
      help: "where queries run, e.g. EU or europe-west1; the table's own location otherwise"
    ),
    .init(
      "maximumBytesBilled",
      .text,
      help: "a query that would be billed more bytes than this is refused: 100000000000 is 100 GB"
    ),
    .init(
      "endpoint",
      .text,
      defaultValue: "https://bigquery.googleapis.com",
      help: "another address of the API, such as a private one"
    ),
    .init(
      "caFile",
      .path,
      help: "the certificates (PEM) of the authorities to trust instead of the system's"
    ),
  ])

  var project: String
  /// Project and dataset of names that have none.
  var dataset: (project: String, name: String)?
  var location: String?
  var maximumBytesBilled: Int64?
  var endpoint: HTTPURL
  var caFile: String?

  /// - Parameter settings: validated against the schema.
  /// - Throws: `Failure` `invalid_settings`.
  init(_ settings: [String: String]) throws(Failure) {
    func invalid(_ name: String, _ problem: String) -> Failure {
      Failure(
        "invalid_settings",
        "setting \"\(name)\" \(problem)",
        recovery: .needsOperator
      )
    }
    let isPlain = Self.isPlain
    project = settings["project"] ?? ""
    guard isPlain(project) else { throw invalid("project", "is no project's id") }
    if let text = settings["dataset"] {
      guard isPlain(text) else { throw invalid("dataset", "is no dataset's name") }
      if let dot = text.lastIndex(of: ".") {
        dataset = (String(text[..<dot]), String(text[text.index(after: dot)...]))
      } else {
        dataset = (project, text)
      }
      guard dataset?.project.isEmpty == false, dataset?.name.isEmpty == false else {
        throw invalid("dataset", "must be written dataset or project.dataset, not \"\(text)\"")
      }
    }
    location = settings["location"]
    guard location.map(isPlain) ?? true else { throw invalid("location", "is no location") }
    if let text = settings["maximumBytesBilled"] {
      guard let bytes = Int64(text), bytes > 0 else {
        throw invalid("maximumBytesBilled", "must be a whole number of bytes, not \"\(text)\"")
      }
      maximumBytesBilled = bytes
    }
    do {
      endpoint = try HTTPURL(settings["endpoint"] ?? "https://bigquery.googleapis.com")
    } catch {
      throw invalid("endpoint", "cannot be used: \(error.message)")
    }
    caFile = settings["caFile"]
    if let caFile, access(caFile, R_OK) != 0 {
      throw invalid("caFile", "names the file \(caFile), which cannot be read")
    }
  }

  /// The characters of a project (`shop-1`, `example.com:shop`), a dataset and a location: none that
  /// means something to SQL or to a shell.
  static func isPlain(_ text: String) -> Bool {
    (1...256).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (97...122).contains(byte | 0x20)
          || [0x2d, 0x2e, 0x3a, 0x5f].contains(byte)
      }
  }
}
