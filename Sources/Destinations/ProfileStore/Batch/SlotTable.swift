/// Finds the slots of a batch's profiles by a hash: open addressing, linear probing, no removal.
struct SlotTable {
  private struct Cell {
    var hash: UInt64
    /// -1: empty.
    var slot: Int32
  }

  private var cells: [Cell]
  private var count = 0

  init(capacity: Int) {
    var size = 64
    while size < capacity * 2, size < 1 << 24 { size *= 2 }
    cells = [Cell](repeating: Cell(hash: 0, slot: -1), count: size)
  }

  /// The slot with this hash for which `isWanted` is true.
  @inline(__always)
  func first(_ hash: UInt64, where isWanted: (Int) -> Bool) -> Int? {
    let mask = cells.count - 1
    var index = Int(truncatingIfNeeded: hash) & mask
    while cells[index].slot >= 0 {
      let cell = cells[index]
      if cell.hash == hash, isWanted(Int(cell.slot)) { return Int(cell.slot) }
      index = (index + 1) & mask
    }
    return nil
  }

  mutating func insert(_ hash: UInt64, slot: Int) {
    if (count + 1) * 4 > cells.count * 3 { grow() }
    place(Cell(hash: hash, slot: Int32(truncatingIfNeeded: slot)))
    count += 1
  }

  private mutating func place(_ cell: Cell) {
    let mask = cells.count - 1
    var index = Int(truncatingIfNeeded: cell.hash) & mask
    while cells[index].slot >= 0 { index = (index + 1) & mask }
    cells[index] = cell
  }

  private mutating func grow() {
    let old = cells
    cells = [Cell](repeating: Cell(hash: 0, slot: -1), count: old.count * 2)
    for cell in old where cell.slot >= 0 { place(cell) }
  }
}
