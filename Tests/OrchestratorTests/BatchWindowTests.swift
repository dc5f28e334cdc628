import SyncModel
import TestSupport
import Testing

@testable import Orchestrator

@Suite("Batches in flight (decision 3)")
struct BatchWindowTests {
  private let rows = RowBatch.of([row(-1)])

  private func receipt(_ number: UInt64, _ id: String, applied: Int64 = 1) -> ReceivedReceipt {
    var tally = BatchTally()
    tally.counts.applied = applied
    return ReceivedReceipt(number: number, id: id, tally: tally)
  }

  @Test("numbers count up from what the writer expects, and room is bounded")
  func numbers() throws {
    let window = Held(firstNumber: 41, capacity: 2)
    #expect(window.admit(rows, id: "a"))
    #expect(window.admit(rows, id: "b"))
    #expect(!window.admit(rows, id: "c"))
    #expect(window.nextToSend()?.number == 41)
    #expect(window.nextToSend()?.number == 42)
    #expect(window.nextToSend() == nil)
    _ = try window.accept(receipt(41, "a"))
    #expect(window.admit(rows, id: "c"))
    #expect(window.nextToSend()?.number == 43)
  }

  @Test("decision 3: after a broken stream, the same numbers and ids go out again")
  func again() throws {
    let window = Held(firstNumber: 1, capacity: 3)
    for id in ["a", "b", "c"] { #expect(window.admit(rows, id: id)) }
    while window.nextToSend() != nil {}
    _ = try window.accept(receipt(1, "a"))
    window.sendAgain()
    #expect(!window.isWaitingForReceipts)
    let second = window.nextToSend()
    #expect(second?.number == 2)
    #expect(second?.id == "b")
    let third = window.nextToSend()
    #expect(third?.number == 3)
    #expect(third?.id == "c")
  }

  @Test("it is complete when the input ended and every receipt came")
  func complete() throws {
    let window = Held(firstNumber: 1, capacity: 3)
    #expect(window.admit(rows, id: "a"))
    window.finishInput()
    #expect(!window.isAllSent)
    #expect(window.nextToSend() != nil)
    #expect(window.isAllSent)
    #expect(!window.isComplete)
    _ = try window.accept(receipt(1, "a"))
    #expect(window.isComplete)
    #expect(!window.admit(rows, id: "b"))
  }

  @Test(
    "a receipt that is not due is refused and changes nothing",
    arguments: [(UInt64(2), "b"), (1, "b"), (9, "a"), (0, "")]
  )
  func wrongReceipt(_ number: UInt64, _ id: String) throws {
    let window = Held(firstNumber: 1, capacity: 3)
    for id in ["a", "b"] { #expect(window.admit(rows, id: id)) }
    while window.nextToSend() != nil {}
    let failure = #expect(throws: Failure.self) { try window.accept(receipt(number, id)) }
    #expect(failure?.code == "invalid_receipt")
    #expect(try window.accept(receipt(1, "a")).counts.applied == 1)
  }

  @Test("a receipt for a batch that was not sent yet is refused")
  func unsent() {
    let window = Held(firstNumber: 1, capacity: 3)
    #expect(window.admit(rows, id: "a"))
    #expect(throws: Failure.self) { try window.accept(receipt(1, "a")) }
  }

  @Test("counts that cannot be are refused before they can overflow", arguments: [-1, Int64.max])
  func counts(_ applied: Int64) {
    let window = Held(firstNumber: 1, capacity: 3)
    #expect(window.admit(rows, id: "a"))
    #expect(window.nextToSend() != nil)
    #expect(throws: Failure.self) { try window.accept(receipt(1, "a", applied: applied)) }
  }
}

/// A window held by reference: expectations cannot call what changes a value.
private final class Held {
  private var window: BatchWindow

  init(firstNumber: UInt64, capacity: Int) {
    window = BatchWindow(firstNumber: firstNumber, capacity: capacity)
  }

  var isWaitingForReceipts: Bool { window.isWaitingForReceipts }
  var isAllSent: Bool { window.isAllSent }
  var isComplete: Bool { window.isComplete }
  func admit(_ rows: RowBatch, id: String) -> Bool { window.admit(rows, id: id) }
  func finishInput() { window.finishInput() }
  func nextToSend() -> BatchWindow.Batch? { window.nextToSend() }
  func sendAgain() { window.sendAgain() }
  func accept(_ receipt: ReceivedReceipt) throws -> BatchTally { try window.accept(receipt) }
}
