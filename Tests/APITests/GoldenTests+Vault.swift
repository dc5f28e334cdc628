// As protobuf's Python implementation (7.36) wrote them from Protos/sluice/vault/v1/vault.proto.
extension GoldenTests {
  static let vault: [(any SampleMessage, String)] = [
    (
      Samples.credentialKey,
      "080210031802220350454d2a085348413235363a793080183801400248fdffffffffffffffff01"
    ),
    (
      Samples.credential,
      "0a0764656661756c74120773686f702d646218022206736c7569636528ac02320350454d3a08534841323536"
        + "3a7840ffffffffffffffffff01488080948bf08284d3175227080210031802220350454d2a08534841323536"
        + "3a793080183801400248fdffffffffffffffff015a0f0a0a70726f6a6563745f696412017062027331620273"
        + "32"
    ),
    (Samples.putCredential, "0a017712016e18012201752a0200ff3080203a01704203727361"),
    (
      Samples.putCredentialResponse,
      "0a85010a0764656661756c74120773686f702d646218022206736c7569636528ac02320350454d3a08534841"
        + "3235363a7840ffffffffffffffffff01488080948bf08284d3175227080210031802220350454d2a08534841"
        + "3235363a793080183801400248fdffffffffffffffff015a0f0a0a70726f6a6563745f696412017062027331"
        + "620273321001"
    ),
    (Samples.deleteCredential, "0a017712016e"),
    (Samples.holdCredential, "0a017712016e1a0173"),
    (Samples.dropCredential, "0a017712016e1a0173"),
    (Samples.rotateKey, "0a017712016e18801020012a01ff320170"),
    (Samples.proveKey, "0a017712016e1802220474657374"),
    (Samples.promoteKey, "0a017712016e1a085348413235363a792080a305"),
    (Samples.destroyKey, "0a017712016e18ffffffff0f"),
    (
      Samples.signSnowflakeToken,
      "0a017712016e1a0d6d796f72672d6163636f756e74200128d41b320372756e3a0172"
    ),
    (Samples.signGoogleAssertion, "0a017712016e1a01732201612a0372756e320172"),
    (
      Samples.signedToken,
      "0a05612e622e6310ffffffffffffffffff01180220032a0302ac02320968747470733a2f2f743a0170"
    ),
    (Samples.signSSHUserAuth, "0a017712016e1a0200ff220372756e2a0172"),
    (Samples.sshSignature, "0a0200ff1001"),
    (Samples.unsealVault, "0a01701001"),
    (Samples.addMasterKey, "0a01ff120170"),
    (Samples.finishMasterKey, "0a0170"),
    (Samples.vaultSlot, "080112036b657918ffffffffffffffffff012001"),
    (
      Samples.vaultStatus,
      "0a0176100118ffffffffffffffffff0120012a14080112036b657918ffffffffffffffffff01200130023803"
        + "420466696c654a0673716c6974655201ff"
    ),
    (Samples.verifyVaultResponse, "08011002180320042a01ff3201613200"),
    (Samples.backupChunk, "0a0200ff"),
    (Samples.restoreVault, "0a0200ff120170"),
    (Samples.listAudit, "08ffffffffffffffffff0110021a017722016e2a01ff"),
    (
      Samples.auditEntry,
      "08ffffffffffffffffff0110ffffffffffffffffff011a086f70657261746f722201312a037075743201773a"
        + "016e40014a01705201725a01646201ff"
    ),
  ]
}
