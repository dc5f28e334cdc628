import Destination
import SQLDatabase
import SyncModel

extension ProfileSet {
  /// The profile that a row names, if there is one (R41 to R48, R53).
  mutating func find(_ identity: RowIdentity) throws -> Int? {
    switch identity {
    case .externalID(let externalID):
      return try find(externalID: externalID)
    case .alias(let name, let label):
      statements.aliasOwner.bind(workspace.id, at: 1)
      statements.aliasOwner.bind(blob: label, at: 2)
      statements.aliasOwner.bind(blob: name, at: 3)
      guard let owner = try statements.aliasOwner.firstRow({ $0.int64(0) }) else { return nil }
      return try find(id: owner)
    case .brazeID(let text):
      guard let brazeID = BrazeID(text), workspace.profileIDs.contains(brazeID.profile),
        let slot = try find(id: brazeID.profile), self[slot].salt == brazeID.salt
      else { return nil }
      return slot
    case .email(let email):
      scratch.removeAll()
      EmailAddress.appendLookupForm(email, into: &scratch)
      return try best(of: candidates(statements.emails, scratch.bytes), preferringExternal: true)
    case .phone(let phone):
      let found = try phone.withBytes { bytes throws in
        try candidates(statements.phones, bytes)
      }
      return try best(of: found, preferringExternal: false)
    }
  }

  /// A new profile for a row whose user is unknown, or nil where its identifier may not make one
  /// (R44). Email and phone become attributes of it: the caller's merge puts them in.
  mutating func create(_ identity: RowIdentity) throws -> Int? {
    switch identity {
    case .externalID(let externalID):
      return try create(externalID: externalID)
    case .alias(let name, let label):
      let slot = try create(externalID: nil)
      statements.insertAlias.bind(workspace.id, at: 1)
      statements.insertAlias.bind(blob: label, at: 2)
      statements.insertAlias.bind(blob: name, at: 3)
      statements.insertAlias.bind(self[slot].id, at: 4)
      try statements.insertAlias.run()
      return slot
    case .brazeID:
      return nil
    case .email, .phone:
      return try create(externalID: nil)
    }
  }

  // MARK: Email and phone

  /// Makes the indexes of emails and phones follow a profile's attributes, before `attributes`
  /// replace those in the slot.
  mutating func reindex(_ slot: Int, attributes: UnsafeRawBufferPointer) throws {
    let id = self[slot].id
    let old = self[slot].attributes
    try old.withUnsafeBytes { old in
      try reindexEmail(
        id,
        from: StoredAttributes.value(of: "email", in: old),
        to: StoredAttributes.value(of: "email", in: attributes)
      )
      try reindexPhone(
        id,
        from: StoredAttributes.value(of: "phone", in: old),
        to: StoredAttributes.value(of: "phone", in: attributes)
      )
    }
  }

  private mutating func reindexEmail(
    _ id: Int64,
    from old: UnsafeRawBufferPointer?,
    to new: UnsafeRawBufferPointer?
  ) throws {
    if let old {
      appendEmailKey(old)
      try change(statements.emails.delete, id)
    }
    if let new {
      appendEmailKey(new)
      try change(statements.emails.insert, id)
    }
  }

  private mutating func reindexPhone(
    _ id: Int64,
    from old: UnsafeRawBufferPointer?,
    to new: UnsafeRawBufferPointer?
  ) throws {
    if let old {
      appendText(old)
      try change(statements.phones.delete, id)
    }
    if let new {
      appendText(new)
      try change(statements.phones.insert, id)
    }
  }

  private mutating func change(_ statement: any SQLStatement, _ id: Int64) throws {
    statement.bind(workspace.id, at: 1)
    statement.bind(blob: scratch.bytes, at: 2)
    statement.bind(id, at: 3)
    try statement.run()
  }

  /// Puts the characters of a JSON string into `scratch`.
  private mutating func appendText(_ value: UnsafeRawBufferPointer) {
    scratch.removeAll()
    guard value.count >= 2 else { return }
    JSONText.unescape(
      UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)]),
      into: &scratch
    )
  }

  private mutating func appendEmailKey(_ value: UnsafeRawBufferPointer) {
    appendText(value)
    var key = ByteSink(capacity: 64)
    EmailAddress.appendLookupForm(scratch.bytes, into: &key)
    scratch.removeAll()
    scratch.append(key.bytes)
  }

  /// The other profiles with the email address of this one, at most `limit`.
  mutating func sharingEmail(with slot: Int, limit: Int) throws -> [Int64] {
    let address = try self[slot].attributes.withUnsafeBytes { bytes in
      try StoredAttributes.value(of: "email", in: bytes).map { [UInt8]($0) }
    }
    guard let address else { return [] }
    address.withUnsafeBytes { appendEmailKey($0) }
    let id = self[slot].id
    return try candidates(statements.emails, scratch.bytes, limit: limit) { $0 != id }
  }

  private func candidates(
    _ lookup: ProfileStatements.Lookup,
    _ key: UnsafeRawBufferPointer,
    limit: Int = .max,
    where isWanted: (Int64) -> Bool = { _ in true }
  ) throws -> [Int64] {
    lookup.select.bind(workspace.id, at: 1)
    lookup.select.bind(blob: key, at: 2)
    defer { lookup.select.reset() }
    var ids: [Int64] = []
    while ids.count < limit, try lookup.select.step() {
      let id = lookup.select.int64(0)
      if isWanted(id) { ids.append(id) }
    }
    return ids
  }

  /// R47, R48: who has an external id goes first where that counts, then who was updated last. Of
  /// equal ones it is the youngest.
  private mutating func best(of ids: [Int64], preferringExternal: Bool) throws -> Int? {
    guard ids.count > 1 else { return try ids.first.flatMap { try find(id: $0) } }
    var best: (id: Int64, isExternal: Bool, updatedAt: Int64)?
    for id in ids {
      guard var candidate = try standing(of: id) else { continue }
      if !preferringExternal { candidate.isExternal = false }
      guard let current = best else {
        best = candidate
        continue
      }
      if candidate.isExternal != current.isExternal {
        if candidate.isExternal { best = candidate }
      } else if (candidate.updatedAt, candidate.id) > (current.updatedAt, current.id) {
        best = candidate
      }
    }
    return try best.flatMap { try find(id: $0.id) }
  }

  private func standing(
    of id: Int64
  ) throws -> (id: Int64, isExternal: Bool, updatedAt: Int64)? {
    if let slot = known(id: id) {
      let profile = self[slot]
      return profile.isDeleted ? nil : (id, !profile.externalID.isEmpty, profile.updatedAt)
    }
    statements.standing.bind(id, at: 1)
    return try statements.standing.firstRow { (id, $0.int64(0) != 0, $0.int64(1)) }
  }
}

// MARK: Reading

extension ProfileSet {
  /// The number of the profile that has the identifier.
  static func find(
    _ identifier: ProfileIdentifier,
    in workspace: Workspace,
    _ connection: any SQLConnection
  ) throws -> Int64? {
    var profiles = ProfileSet(
      workspace,
      rows: 1,
      seed: "",
      statements: try ProfileStatements(connection)
    )
    func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Int?) throws -> Int? {
      try Array(text.utf8).withUnsafeBytes(body)
    }
    let slot: Int?
    switch identifier {
    case .externalID(let text):
      slot = try bytes(text) { try profiles.find(.externalID($0)) }
    case .alias(let name, let label):
      slot = try bytes(name) { name in
        try bytes(label) { try profiles.find(.alias(name: name, label: $0)) }
      }
    case .brazeID(let text):
      slot = try bytes(text) { try profiles.find(.brazeID($0)) }
    case .email(let text):
      slot = try bytes(text) { try profiles.find(.email($0)) }
    case .phone(let text):
      slot = try bytes(text) { text in
        try PhoneNumber(text).flatMap { try profiles.find(.phone($0)) }
      }
    }
    return slot.map { profiles[$0].id }
  }
}
