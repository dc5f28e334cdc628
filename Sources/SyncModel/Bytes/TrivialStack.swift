/// A growable row of trivial values that keeps its memory from one use to the next.
///
/// An `Array` would do, were it not for views: a view that outlives a call would hold the array's
/// buffer, and the next append would copy it.
///
/// Safety: `base` is valid for `count` elements and moves only in `push`.
public struct TrivialStack<Element: BitwiseCopyable>: ~Copyable {
  public private(set) var base: UnsafeMutablePointer<Element>
  public private(set) var count = 0
  private var capacity: Int

  public init(capacity: Int) {
    self.capacity = max(capacity, 1)
    base = UnsafeMutablePointer<Element>.allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  @inline(__always)
  public mutating func push(_ element: Element) {
    if count == capacity { grow() }
    (base + count).initialize(to: element)
    count &+= 1
  }

  public mutating func truncate(to newCount: Int) { count = min(count, max(newCount, 0)) }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: base, count: count)
    base.deallocate()
    base = larger
    capacity *= 2
  }
}
