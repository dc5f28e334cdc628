import Glibc
import HTTPFetch
import TestSupport
import Testing

/// Where a host may lead.
struct AddressPolicyTests {
  @Test(arguments: [
    ("8.8.8.8", AddressClass.global), ("2606:4700::1111", .global), ("172.32.0.1", .global),
    ("100.128.0.1", .global), ("127.0.0.1", .loopback), ("127.255.255.254", .loopback),
    ("::1", .loopback), ("10.0.0.1", .privateNetwork), ("172.16.0.1", .privateNetwork),
    ("172.31.255.255", .privateNetwork), ("192.168.1.1", .privateNetwork),
    ("fd12::1", .privateNetwork),
    ("fec0::1", .privateNetwork), ("169.254.1.1", .linkLocal), ("fe80::1", .linkLocal),
    ("169.254.169.254", .metadata), ("fd00:ec2::254", .metadata), ("100.100.100.200", .metadata),
    ("100.64.0.1", .shared), ("100.127.255.255", .shared), ("224.0.0.1", .multicast),
    ("ff02::1", .multicast), ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified),
    ("::", .unspecified),
    ("255.255.255.255", .reserved), ("240.0.0.1", .reserved), ("192.0.2.1", .reserved),
    ("198.18.0.1", .reserved), ("2001:db8::1", .reserved), ("4000::1", .reserved),
    ("::ffff:127.0.0.1", .translated), ("::ffff:8.8.8.8", .translated), ("::7f00:1", .translated),
    ("64:ff9b::a00:1", .translated), ("64:ff9b:1::1", .translated), ("2002:7f00:1::", .translated),
    ("2001::1", .translated),
  ])
  func classes(text: String, expected: AddressClass) throws {
    let address = try #require(IPAddress(text))
    #expect(AddressClass(address) == expected)
    #expect((AddressPolicy().refusal(of: address) == nil) == (expected == .global))
  }

  @Test func theRefusalSaysWhatAllowsIt() throws {
    let address = try #require(IPAddress("10.1.2.3"))
    #expect(
      AddressPolicy().refusal(of: address)
        == "10.1.2.3 is a private address; an operator who means it adds 10.1.2.3/32 to SLUICE_EGRESS_ALLOW"
    )
  }

  @Test func listsOfTheOperator() throws {
    let policy = AddressPolicy(
      allowed: [try AddressRange("10.0.0.0/8"), try AddressRange("169.254.0.0/16")],
      refused: [try AddressRange("10.9.0.0/16"), try AddressRange("8.8.8.8")]
    )
    func refuses(_ text: String) throws -> Bool {
      policy.refusal(of: try #require(IPAddress(text))) != nil
    }
    #expect(try !refuses("10.255.0.1"))
    #expect(try refuses("11.0.0.1") == false)
    #expect(try refuses("10.9.1.1"))
    #expect(try refuses("8.8.8.8"))
    #expect(try !refuses("169.254.1.1"))
    // Inside a listed range, and still only if it is listed alone.
    #expect(try refuses("169.254.169.254"))
    #expect(try refuses("::ffff:10.0.0.1"))
    let meant = AddressPolicy(allowed: [try AddressRange("169.254.169.254")])
    #expect(meant.refusal(of: try #require(IPAddress("169.254.169.254"))) == nil)
  }

  @Test(arguments: [
    "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "x", "", "10.0.0.0/-1",
  ])
  func rangesThatAreRefused(text: String) {
    #expect(throws: FetchError.self) { try AddressRange(text) }
  }

  @Test(arguments: [
    "127.1", "0x7f.1", "0x7f000001", "2130706433", "010.0.0.1", "0177.0.0.1", "1.2.3", "1.2.3.4.5",
    "foo.0x1", "foo.1", "127.0.0.1.", "127。0。0。1", "１２７.0.0.1", "fe80::1%eth0", "a b", "a_b!", "",
    ".", "a..b", "-a.example", "münchen.example", "a\u{0}b", String(repeating: "a", count: 64),
    "ex\u{ad}ample.com", "user@host",
  ])
  func hostsThatAreRefused(text: String) {
    #expect(throws: FetchError.self) { try Host(text) }
  }

  @Test func hostsHaveOneSpelling() throws {
    #expect(try Host("Example.COM.").description == "example.com")
    #expect(try Host("xn--mnchen-3ya.example").description == "xn--mnchen-3ya.example")
    #expect(try Host("1.2.3.4") == .address(try #require(IPAddress("1.2.3.4"))))
    #expect(try Host("0:0::1").description == "[::1]")
    #expect(try Host("1a.example").description == "1a.example")
  }

  @Test func patterns() throws {
    let pattern = try HostPattern("*.snowflakecomputing.com")
    #expect(pattern.matches(try Host("a.b.SnowflakeComputing.com.")))
    #expect(!pattern.matches(try Host("snowflakecomputing.com")))
    #expect(!pattern.matches(try Host("evilsnowflakecomputing.com")))
    #expect(!pattern.matches(try Host("a.snowflakecomputing.com.evil.example")))
    #expect(try HostPattern("one.example").matches(try Host("ONE.example")))
    #expect(throws: FetchError.self) { try HostPattern("*.*") }
  }

  @Test func aNameIsAskedAboutWhenItsAddressIsKnown() async throws {
    let server = try TestServer()
    let client = try HTTPClient(
      HTTPClientConfiguration(policy: AddressPolicy(allowsPlainHTTP: true))
    )
    for host in ["localhost", "127.0.0.1", "LOCALHOST."] {
      let url = try HTTPURL("http://\(host):\(server.port("plain"))/small")
      let error = await failure(.notAllowed) { _ = try await client.get(url) }
      #expect(error?.message.contains("SLUICE_EGRESS_ALLOW") == true)
      #expect(error?.mayHaveArrived == false)
    }
    #expect(try server.counts()["connections"] == nil)
  }

  @Test func plainHTTPAndLowPortsAreRefused() async throws {
    let client = try HTTPClient()
    for url in ["http://example.com/", "https://example.com:25/", "https://example.com:22/"] {
      _ = await failure(.notAllowed) { _ = try await client.get(try HTTPURL(url)) }
    }
  }

  /// The environment is the process's: in one of its own.
  @Test func theEnvironmentsProxyIsNotUsed() async {
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        setenv(name, "http://127.0.0.1:1", 1)
      }
      let server = try TestServer()
      let text = try await HTTPClient.local().text(server.url("/small"))
      #expect(text == "hello")
    }
  }
}
