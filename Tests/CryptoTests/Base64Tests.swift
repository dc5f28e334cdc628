import Crypto
import Testing

struct Base64Tests {
  @Test func theVectorsOfRFC4648() {
    for (plain, text) in [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ] {
      #expect(Base64.encode(Array(plain.utf8)) == text)
      #expect(Base64.decode(text) == Array(plain.utf8))
    }
    let all = (0...255).map { UInt8($0) }
    #expect(Base64.decode(Base64.encode(all)) == all)
  }

  @Test func whatIsNoneIsRefused() {
    // Short, padded inside or too much, foreign symbols, bits that mean nothing (section 3.5).
    for text in [
      "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9-", "Zm9v\n", "Zh==", "Zm9=", "é===",
    ] {
      #expect(Base64.decode(text) == nil, "\(text)")
    }
  }
}
