import Foundation

/// The section "Messages" of docs/warehouses/redshift.md: what a person meets, and in which words.
struct RedshiftMessages {
  struct Row: Sendable, Equatable {
    var situation: String
    var code: String
    var sentence: String
  }

  let rows: [Row]

  init() throws {
    let page = RedshiftEmulator.root.appendingPathComponent("docs/warehouses/redshift.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let sections = text.split(separator: "\n## ")
    let section = sections.first { $0.hasPrefix("Messages\n") } ?? ""
    rows = section.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard cells.count == 5, cells[2].hasPrefix("`") else { return nil }
      return Row(
        situation: cells[1],
        code: cells[2].trimmingCharacters(in: ["`"]),
        sentence: cells[3]
      )
    }
  }
}

/// What can go wrong, in the page's words.
enum RedshiftSituation: String, CaseIterable, Sendable {
  // Logging in.
  case passwordFormat = "the password is stored as SHA-256"
  case wrongPassword = "wrong user name or password"
  case database = "no such database"
  case untrusted = "a certificate of an authority that is not known"
  case name = "a certificate for another name"
  case plain = "a cluster without TLS"
  case host = "no such host"
  case refused = "nothing listens at the port"
  case silent = "no answer"
  case noCredential = "a source without a credential"
  case invalidHost = "a host that is none"
  case authorities = "no file of authorities"
  // The table.
  case table = "no such table"
  case bareTable = "no such table in the search path"
  case schema = "no such schema"
  case denied = "nothing granted"
  case deniedView = "a late-binding view, nothing granted beneath"
  case orphan = "a late-binding view without its table"
  case changedView = "a late-binding view without its column"
  case updatedAt = "no UPDATED_AT"
  case columnType = "an UPDATED_AT of another type"
  case identifier = "no identifier"
  case alias = "half an alias"
  case payload = "no PAYLOAD"
  case payloadInDeletes = "a PAYLOAD in deletes"
  case ambiguous = "a column twice"
  // The run.
  case timeout = "too slow"
  case queue = "too long in a queue"
  case cancelled = "cancelled by somebody"
  case conflict = "a conflict, twice"
  case lost = "the connection breaks"
  // The tunnel.
  case tunnelSilent = "no answer behind the bastion"
  case tunnelCredential = "a tunnel without a key pair"
  case tunnelUser = "another user than the key pair's"
  case tunnelKey = "a key that the bastion does not know"
  case hostKeyUnknown = "a host key that nobody confirmed"
  case hostKeyChanged = "a host key that has changed"
  case clusterUnreachable = "the bastion cannot reach the cluster"
  case clusterForbidden = "the bastion may not forward"
  case tunnelLost = "the tunnel breaks"
  case bastionRefused = "no bastion at the port"
  case bastionUnknown = "no such bastion"
}
