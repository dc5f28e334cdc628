import Testing

@testable import HTTPFetch

/// The rules of the loop that need neither sockets nor a clock.
struct TransferRulesTests {
  @Test func placesAreBoundedAndLanesTakeTurns() {
    var admission = Admission<Int>(total: 3, perLane: 2)
    for item in 0..<4 { admission.add(item, lane: "a") }
    for item in 10..<12 { admission.add(item, lane: "b") }
    var started = [admission.admit(), admission.admit(), admission.admit()]
    #expect(started == [0, 10, 1])
    started = [admission.admit()]
    #expect(started == [nil])
    #expect(admission.waiting == 3)
    admission.release(lane: "b")
    // Lane a is full.
    started = [admission.admit(), admission.admit()]
    #expect(started == [11, nil])
    admission.release(lane: "a")
    admission.release(lane: "a")
    started = [admission.admit(), admission.admit(), admission.admit()]
    #expect(started == [2, 3, nil])
    #expect(admission.waiting == 0)
    #expect(admission.active == 3)
  }

  @Test func thoseWhoWaitCanLeave() {
    var admission = Admission<Int>(total: 1, perLane: 1)
    for item in 0..<5000 { admission.add(item, lane: item.isMultiple(of: 2) ? "even" : "odd") }
    let first = admission.admit()
    #expect(first == 0)
    let gone = admission.removeWaiting { $0 != 4999 }
    #expect(gone.count == 4998)
    #expect(admission.waiting == 1)
    admission.release(lane: "even")
    let last = admission.admit()
    #expect(last == 4999)
    admission.release(lane: "odd")
    #expect(admission.active == 0)
  }

  @Test func everybodyGetsATurnInOrder() {
    var admission = Admission<Int>(total: 1, perLane: 1)
    for item in 0..<5000 { admission.add(item, lane: "a") }
    for item in 0..<5000 {
      let next = admission.admit()
      #expect(next == item)
      admission.release(lane: "a")
    }
  }

  @Test func timeouts() {
    let second = 1_000_000_000 as Int64
    let timeouts = FetchTimeouts(
      connect: .seconds(1),
      firstByte: .seconds(5),
      stall: .seconds(2),
      minimumRate: 10,
      whole: .seconds(100)
    )
    var clock = TransferClock(timeouts, now: 0)
    #expect(clock.deadline == 100 * second)
    clock.start(now: 10 * second)
    #expect(clock.expired(now: 15 * second - 1) == nil)
    #expect(clock.expired(now: 15 * second) == .head)
    clock.beginBody(now: 12 * second)
    #expect(clock.deadline == 14 * second)
    // 20 bytes in two seconds are enough, 19 are not.
    clock.receive(bytes: 19, now: 13 * second)
    #expect(clock.expired(now: 14 * second) == .body)
    clock.receive(bytes: 1, now: 13 * second)
    #expect(clock.deadline == 15 * second)
    clock.pause()
    #expect(clock.expired(now: 60 * second) == nil)
    #expect(clock.expired(now: 100 * second) == .whole)
    clock.resume(now: 60 * second)
    #expect(clock.expired(now: 62 * second) == .body)
  }

  @Test func extremeDurationsAreNoTrap() {
    let forever = Duration.seconds(Int64.max)
    let timeouts = FetchTimeouts(
      firstByte: forever,
      stall: forever,
      minimumRate: .max,
      whole: forever
    )
    var clock = TransferClock(timeouts, now: 1 << 50)
    clock.start(now: 1 << 50)
    clock.beginBody(now: 1 << 50)
    #expect(clock.expired(now: 1 << 51) == nil)
    #expect(Duration.seconds(-5).timerNanoseconds == 0)
  }

  private func feed(_ lines: [String], limit: Int = 1000) -> (ResponseHead, [ResponseHead.Step]) {
    var head = ResponseHead(limit: limit)
    let steps = lines.map { line in
      Array((line + "\r\n").utf8).withUnsafeBytes { head.take($0) }
    }
    return (head, steps)
  }

  @Test func headsOfResponses() {
    let (head, steps) = feed(["HTTP/1.1 103 Hints", "A: 1", "", "HTTP/2 200", "B:  2 ", "", "C: 3"])
    #expect(steps == [.more, .more, .more, .more, .more, .complete, .more])
    #expect(head.status == 200)
    #expect(head.version == "2")
    #expect(head.headers["B"] == "2")
    #expect(head.headers["A"] == nil)
    #expect(head.headers["C"] == nil)
    #expect(feed(["HTTP/1.1 20 x"]).1 == [.malformed])
    #expect(feed(["HTTP/1.1 2x0 x"]).1 == [.malformed])
    #expect(feed(["HTTP/1.1 101 Switching", ""]).1 == [.more, .malformed])
    #expect(feed([""]).1 == [.more])
    #expect(feed([String(repeating: "a", count: 99)], limit: 100).1 == [.tooLarge])
  }

  private func replies(
    _ lines: [String],
    tls: Bool = false,
    login: Bool = false,
    recipients: Int = 1
  ) -> (replies: SMTPReplies, isTaken: Bool) {
    var replies = SMTPReplies(usesStartTLS: tls, logsIn: login, recipients: recipients)
    var isTaken = true
    for line in lines where isTaken {
      isTaken = Array((line + "\r\n").utf8).withUnsafeBytes { replies.take($0) }
    }
    return (replies, isTaken)
  }

  @Test func aSessionIsFollowed() {
    let (replies, isTaken) = replies(
      [
        "220-many", "220 words", "250-a", "250 b", "220 go", "250-a", "250 b", "334 ", "334 ",
        "235 in",
        "250 sender", "250 one", "550-no", "550 body", "451 later", "354 go on", "250 kept",
        "221 bye",
      ],
      tls: true,
      login: true,
      recipients: 3
    )
    #expect(isTaken)
    #expect(replies.stage == .done)
    #expect(replies.refusal == nil)
    #expect(replies.recipientReplies.map { $0?.code } == [250, 550, 451])
    #expect(replies.recipientReplies[1]?.text == "no body")
  }

  @Test func helloIsTriedTwice() {
    #expect(
      replies(["220 a", "502 no EHLO", "250 HELO", "250 sender"]).replies.stage == .recipient(0)
    )
  }

  @Test func whatIsNoReply() {
    #expect(!replies(["hello"]).isTaken)
    #expect(!replies(["22"]).isTaken)
    #expect(!replies(["220 a", "250 b", "250 not logged in"], login: true).isTaken)
    #expect(!replies(["220 a"] + Array(repeating: "250-more", count: 3000)).isTaken)
  }
}
