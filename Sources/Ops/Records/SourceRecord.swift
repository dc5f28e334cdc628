import OrchestratorAPI

extension Record {
  init(_ source: Source) {
    let settings = source.settings.sorted { $0.key < $1.key }
    self.init(
      name: source.name,
      fields: [
        "name": .text(source.name),
        "workspace": .text(source.workspace),
        "type": .text(source.type),
        "settings": .object(
          OutputObject(fields: settings.map { .init(name: $0.key, value: .text($0.value)) })
        ),
        "credential": .text(orNull: source.credential),
        "created_at": .time(source.createdAt),
        "updated_at": .time(source.updatedAt),
      ]
    )
  }

  static let sourceColumns = [
    Column("NAME", "name"), Column("TYPE", "type"), Column("SETTINGS", "settings"),
    Column("CREDENTIAL", "credential"),
  ]
}
