/// A JSON Web Token in compact form, signed with RS256 (RFC 7515, RFC 7518 section 3.3).
public enum JSONWebToken {
  /// - Parameters:
  ///   - header: JSON text; its `alg` must say RS256.
  ///   - claims: JSON text.
  /// - Returns: `header.claims.signature`, each in base64url. The same input gives the same token:
  ///   the signature has no randomness.
  public static func sign(
    header: [UInt8],
    claims: [UInt8],
    with key: RSAKeyPair
  ) throws(CryptoError) -> String {
    let signed = Base64URL.encode(header) + "." + Base64URL.encode(claims)
    return signed + "." + Base64URL.encode(try key.signRS256(Array(signed.utf8)))
  }
}
