import Crypto
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
  struct Holder { let secret: SecretBytes }

  @Test("However it is printed, the secret does not show")
  func unprintable() {
    let holder = Holder(secret: SecretBytes(Array("hunter2".utf8)))
    var dumped = ""
    dump(holder, to: &dumped)
    let texts = [
      "\(holder.secret)", "\(holder)", String(reflecting: holder),
      String(describing: [holder.secret]),
      dumped,
    ]
    let numbers = Array("hunter2".utf8).map(String.init).joined(separator: ", ")
    for text in texts {
      #expect(!text.contains("hunter2") && !text.contains(numbers), "\(text)")
    }
    #expect("\(holder.secret)" == "[redacted]")
  }

  @Test("Equal means the same bytes")
  func equality() {
    let a = SecretBytes([1, 2, 3])
    #expect(a == SecretBytes([1, 2, 3]))
    #expect(a != SecretBytes([1, 2, 4]))
    #expect(a != SecretBytes([1, 2]))
    #expect(SecretBytes([]) == SecretBytes([]))
  }

  @Test("Random bytes have the length asked for and do not repeat")
  func random() throws {
    #expect(try RandomBytes.make(count: 0).isEmpty)
    #expect(try RandomBytes.make(count: 33).count == 33)
    #expect(try RandomBytes.secret(count: 32) != RandomBytes.secret(count: 32))
  }
}
