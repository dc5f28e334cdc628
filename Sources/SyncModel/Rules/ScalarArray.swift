/// Arrays of strings, numbers and booleans: lists without duplicates (R82 to R86).
///
/// Two elements are the same when their compact JSON text is: `1` and `1.0` are two, and so are `1`
/// and `"1"`.
enum ScalarArray {
  /// Every element once: the first of its copies stays where it is.
  static func distinct(_ elements: [UnsafeRawBufferPointer]) -> [UnsafeRawBufferPointer] {
    let repeated = Self.repeated(elements)
    guard repeated.contains(true) else { return elements }
    return elements.indices.filter { !repeated[$0] }.map { elements[$0] }
  }

  /// For each element whether an equal one comes before it.
  private static func repeated(_ elements: [UnsafeRawBufferPointer]) -> [Bool] {
    var result = [Bool](repeating: false, count: elements.count)
    if elements.count <= 16 {
      for later in elements.indices.dropFirst() {
        result[later] = elements[..<later].contains { $0.sameBytes(as: elements[later]) }
      }
      return result
    }
    let order = sorted(elements)
    for (earlier, later) in zip(order, order.dropFirst())
    where elements[earlier].sameBytes(as: elements[later]) {
      result[later] = true
    }
    return result
  }

  /// The elements' places in the order of their bytes, equal ones in the order of the array.
  private static func sorted(_ elements: [UnsafeRawBufferPointer]) -> [Int] {
    elements.indices.sorted { a, b in
      let order = elements[a].compareBytes(with: elements[b])
      return order == 0 ? a < b : order < 0
    }
  }

  /// R83 to R85: first what is added goes to the end, also if it was there; then what is removed goes.
  static func changed(
    _ stored: [UnsafeRawBufferPointer],
    adding: [UnsafeRawBufferPointer],
    removing: [UnsafeRawBufferPointer]
  ) -> [UnsafeRawBufferPointer] {
    // Of an element that is added twice the last one counts.
    let added = Array(distinct(adding.reversed()).reversed())
    let addedSet = Members(added)
    let removedSet = Members(removing)
    return (stored.filter { !addedSet.contains($0) } + added).filter { !removedSet.contains($0) }
  }

  private struct Members {
    private let elements: [UnsafeRawBufferPointer]

    init(_ elements: [UnsafeRawBufferPointer]) {
      self.elements = elements.sorted { $0.compareBytes(with: $1) < 0 }
    }

    func contains(_ wanted: UnsafeRawBufferPointer) -> Bool {
      var (low, high) = (0, elements.count)
      while low < high {
        let middle = (low + high) / 2
        let order = elements[middle].compareBytes(with: wanted)
        if order == 0 { return true }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return false
    }
  }

  /// The elements' texts; nil where one is no scalar.
  static func elements(of array: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer]? {
    var items = JSONItems(array)
    var elements: [UnsafeRawBufferPointer] = []
    while let item = items.element() {
      switch item.kind {
      case .string, .number, .true, .false: elements.append(item.text)
      case .object, .array, .null: return nil
      }
    }
    return elements
  }

  static func append(
    _ elements: some Collection<UnsafeRawBufferPointer>,
    into sink: inout ByteSink
  ) {
    sink.append(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { sink.append(UInt8(ascii: ",")) }
      isFirst = false
      sink.append(element)
    }
    sink.append(UInt8(ascii: "]"))
  }
}
