import SyncModel
import Warehouse

extension RedshiftWarehouse: WarehouseSetup {
  /// The seed's steps 1 to 3, and the tunnel's where the settings name a bastion. What is there stays
  /// as it is; `CREATE USER` knows no `IF NOT EXISTS`, and fails the second time.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure)
    -> [SetupStep]
  {
    let settings = try schema.validated(settings, type: type)
    let names = try SetupNames(settings, subject)
    var steps = [
      SetupStep("Schema and table, in database \(names.database)", table(names, subject.data)),
      SetupStep("User and its grants", user(names)),
    ]
    if let host = settings["tunnel_host"] {
      steps += tunnel(host, settings)
    } else {
      steps.append(SetupStep("Network", network(settings, subject.addresses)))
    }
    return steps
  }

  private func table(_ names: SetupNames, _ data: DataType) -> String {
    let payload = data.hasPayload ? ",\n  payload varchar(max)" : ""
    return """
      CREATE SCHEMA IF NOT EXISTS \(names.schema);
      CREATE TABLE IF NOT EXISTS \(names.table) (
        updated_at timestamptz DEFAULT sysdate,
        -- At least one identifier: external_id, alias_name with alias_label, braze_id, email, phone.
        external_id varchar,
        alias_label varchar,
        alias_name varchar,
        braze_id varchar,
        email varchar,
        phone varchar\(payload)
      ) COMPOUND SORTKEY (updated_at);

      """
  }

  private func user(_ names: SetupNames) -> String {
    """
    -- With the password that the credential holds; not in the form 'sha256|…', which cannot log in.
    CREATE USER \(names.user) PASSWORD '{password}';
    GRANT USAGE ON SCHEMA \(names.schema) TO \(names.user);
    GRANT SELECT ON TABLE \(names.table) TO \(names.user);

    """
  }

  private func network(_ settings: [String: String], _ addresses: [String]) -> String {
    let port = settings["port"] ?? "5439"
    let from =
      addresses.isEmpty
      ? "the address that Sluice connects from" : addresses.joined(separator: ", ")
    return """
      -- Not SQL. Make the cluster publicly accessible, and let in at its security group:
      --   TCP port \(port), from \(from)

      """
  }

  private func tunnel(_ host: String, _ settings: [String: String]) -> [SetupStep] {
    let place = "\(settings["host"] ?? ""):\(settings["port"] ?? "5439")"
    let user = settings["tunnel_user"] ?? "the key pair's user"
    let port = settings["tunnel_port"] ?? "22"
    let credential = settings["tunnel_credential"] ?? "NAME"
    return [
      SetupStep(
        "The bastion's authorized_keys",
        """
        -- Not SQL. On \(host), append one line to ~\(user)/.ssh/authorized_keys:
        --   restrict,port-forwarding,permitopen="\(place)" PUBLIC_KEY
        -- where PUBLIC_KEY is the public_key of: sluice credential show \(credential)
        -- Let the bastion in at the cluster's security group, and Sluice at the bastion's (TCP port \(port)).

        """
      ),
      SetupStep(
        "The bastion's host key",
        """
        -- Not SQL. On \(host) itself:
        --   ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
        -- From here, to compare: ssh-keyscan -p \(port) \(host) | ssh-keygen -lf -
        -- Put the fingerprint into the source's settings: tunnel_host_key=SHA256:…

        """
      ),
    ]
  }
}

/// The names of what is set up, as SQL.
private struct SetupNames {
  var database: String
  var schema: String
  var table: String
  var user: String

  init(_ settings: [String: String], _ subject: SetupSubject) throws(Failure) {
    let proposed = "users_\(subject.data.rawValue)_sync"
    let parsed = try TableName(
      parsing: subject.table.isEmpty ? proposed : subject.table,
      maximumParts: 3
    )
    let isCaseSensitive = settings["case_sensitive"] == "yes"
    func written(_ part: TableName.Part) -> String {
      let folded = TableName([part]).foldedToLowerCase.parts.first?.text ?? ""
      let isPlain = folded.utf8.allSatisfy {
        (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "_")
      }
      if !part.isQuoted || !isCaseSensitive, isPlain, folded.utf8.first.map({ $0 > 57 }) == true {
        return folded
      }
      return TableName.quoted(part.text)
    }
    let parts = parsed.parts.map(written)
    database = parts.count == 3 ? parts[0] : settings["database"] ?? ""
    schema = parts.count > 1 ? parts[parts.count - 2] : "ingestion"
    table = "\(schema).\(parts.last ?? proposed)"
    user = written(.init(subject.username.isEmpty ? "sluice" : subject.username))
  }
}
