/// A currency by its three letters, upper case (R121; design, decision 11).
public struct CurrencyCode: Sendable, Hashable {
  /// The letters, the first in the highest of the three bytes.
  private let letters: UInt32

  /// nil for what is not in the list of known codes; lower case is accepted.
  public init?(_ text: UnsafeRawBufferPointer) {
    guard text.count == 3 else { return nil }
    var letters: UInt32 = 0
    for byte in text {
      let upper = byte &- UInt8(ascii: "a") < 26 ? byte & 0xDF : byte
      letters = letters << 8 | UInt32(upper)
    }
    guard Self.known.contains(letters) else { return nil }
    self.letters = letters
  }

  /// Lends the three letters.
  public func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try withUnsafeBytes(of: (letters << 8).bigEndian) { bytes in
      try body(UnsafeRawBufferPointer(rebasing: bytes[..<3]))
    }
  }

  /// What Braze's SDK pages list, and the codes of ISO 4217 that are newer or missing there.
  private static let known: Set<UInt32> = {
    let codes: StaticString = """
      AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTC BTN \
      BWP BYR BZD CAD CDF CHF CLF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EEK EGP ERN ETB \
      EUR FJD FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR \
      ISK JEP JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD \
      MDL MGA MKD MMK MNT MOP MRO MTL MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN \
      PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD STD SVC SYP \
      SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VEF VND VUV WST XAF XAG XAU XCD \
      XDR XOF XPD XPF XPT YER ZAR ZMK ZMW ZWL \
      BOV BYN CHE CHW COU KPW MRU MXV NAD RWF SLE SSP STN USN UYI UYW VED VES XAD XBA XBB XBC XBD \
      XCG XSU XUA ZWG
      """
    var known: Set<UInt32> = []
    var letters: UInt32 = 0
    for byte in UnsafeBufferPointer(start: codes.utf8Start, count: codes.utf8CodeUnitCount) {
      if byte == UInt8(ascii: " ") {
        known.insert(letters)
        letters = 0
      } else {
        letters = letters << 8 | UInt32(byte)
      }
    }
    known.insert(letters)
    return known
  }()
}
