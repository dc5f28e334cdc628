/// Deep merges of objects (R95, R104). All text is compact, as the store has it.
enum ObjectMerge {
  /// Appends `stored` with the members of `change`: objects merge at all levels, everything else is
  /// replaced; new members come behind the stored ones.
  static func append(
    _ stored: UnsafeRawBufferPointer,
    _ change: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) {
    let changes = Members(change)
    var used = [Bool](repeating: false, count: changes.count)
    sink.append(UInt8(ascii: "{"))
    var isFirst = true
    func begin(_ key: UnsafeRawBufferPointer, _ sink: inout ByteSink) {
      if !isFirst { sink.append(UInt8(ascii: ",")) }
      isFirst = false
      sink.append(UInt8(ascii: "\""))
      sink.append(key)
      sink.append("\":")
    }
    var items = JSONItems(stored)
    while let (key, value) = items.member() {
      begin(key, &sink)
      guard let place = changes.place(of: key) else {
        sink.append(value.text)
        continue
      }
      used[place] = true
      let new = changes[place].value
      if value.kind == .object, new.kind == .object {
        append(value.text, new.text, into: &sink)
      } else {
        sink.append(new.text)
      }
    }
    for place in 0..<changes.count where !used[place] {
      begin(changes[place].key, &sink)
      sink.append(changes[place].value.text)
    }
    sink.append(UInt8(ascii: "}"))
  }

  /// An object's members, found by key without a look at all of them.
  private struct Members {
    private var members: [(key: UnsafeRawBufferPointer, value: JSONItem)] = []
    private var order: [Int] = []

    init(_ object: UnsafeRawBufferPointer) {
      var items = JSONItems(object)
      while let member = items.member() { members.append(member) }
      order = members.indices.sorted { members[$0].key.compareBytes(with: members[$1].key) < 0 }
    }

    var count: Int { members.count }

    subscript(place: Int) -> (key: UnsafeRawBufferPointer, value: JSONItem) { members[place] }

    func place(of key: UnsafeRawBufferPointer) -> Int? {
      var (low, high) = (0, order.count)
      while low < high {
        let middle = (low + high) / 2
        let comparison = members[order[middle]].key.compareBytes(with: key)
        if comparison == 0 { return order[middle] }
        if comparison < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }
}
