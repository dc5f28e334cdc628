/// A country by its two letters of ISO 3166-1, upper case (R63).
public struct CountryCode: Sendable, Equatable {
  /// The two letters.
  public let letters: [UInt8]

  /// Reads a code in any case, or a country's English name: the time zone database's list of
  /// countries, and other names that are common. nil for what is neither.
  public init?(_ text: UnsafeRawBufferPointer) {
    var lower = [UInt8](text)
    for index in lower.indices where lower[index] &- UInt8(ascii: "A") < 26 { lower[index] |= 0x20 }
    guard let letters = Self.known[lower] else { return nil }
    self.letters = letters
  }

  private static let known: [[UInt8]: [UInt8]] = {
    var known: [[UInt8]: [UInt8]] = [:]
    for line in list.description.utf8.split(separator: UInt8(ascii: "\n")) {
      let letters = [UInt8](line.prefix(2))
      for name in [letters, [UInt8](line.dropFirst(3))] {
        known[name.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }] = letters
      }
    }
    return known
  }()

  private static let list: StaticString = """
    AD Andorra
    AE United Arab Emirates
    AF Afghanistan
    AG Antigua & Barbuda
    AI Anguilla
    AL Albania
    AM Armenia
    AO Angola
    AQ Antarctica
    AR Argentina
    AS Samoa (American)
    AT Austria
    AU Australia
    AW Aruba
    AX Åland Islands
    AZ Azerbaijan
    BA Bosnia & Herzegovina
    BB Barbados
    BD Bangladesh
    BE Belgium
    BF Burkina Faso
    BG Bulgaria
    BH Bahrain
    BI Burundi
    BJ Benin
    BL St Barthelemy
    BM Bermuda
    BN Brunei
    BO Bolivia
    BQ Caribbean NL
    BR Brazil
    BS Bahamas
    BT Bhutan
    BV Bouvet Island
    BW Botswana
    BY Belarus
    BZ Belize
    CA Canada
    CC Cocos (Keeling) Islands
    CD Congo (Dem. Rep.)
    CF Central African Rep.
    CG Congo (Rep.)
    CH Switzerland
    CI Côte d'Ivoire
    CK Cook Islands
    CL Chile
    CM Cameroon
    CN China
    CO Colombia
    CR Costa Rica
    CU Cuba
    CV Cape Verde
    CW Curaçao
    CX Christmas Island
    CY Cyprus
    CZ Czech Republic
    DE Germany
    DJ Djibouti
    DK Denmark
    DM Dominica
    DO Dominican Republic
    DZ Algeria
    EC Ecuador
    EE Estonia
    EG Egypt
    EH Western Sahara
    ER Eritrea
    ES Spain
    ET Ethiopia
    FI Finland
    FJ Fiji
    FK Falkland Islands
    FM Micronesia
    FO Faroe Islands
    FR France
    GA Gabon
    GB Britain (UK)
    GD Grenada
    GE Georgia
    GF French Guiana
    GG Guernsey
    GH Ghana
    GI Gibraltar
    GL Greenland
    GM Gambia
    GN Guinea
    GP Guadeloupe
    GQ Equatorial Guinea
    GR Greece
    GS South Georgia & the South Sandwich Islands
    GT Guatemala
    GU Guam
    GW Guinea-Bissau
    GY Guyana
    HK Hong Kong
    HM Heard Island & McDonald Islands
    HN Honduras
    HR Croatia
    HT Haiti
    HU Hungary
    ID Indonesia
    IE Ireland
    IL Israel
    IM Isle of Man
    IN India
    IO British Indian Ocean Territory
    IQ Iraq
    IR Iran
    IS Iceland
    IT Italy
    JE Jersey
    JM Jamaica
    JO Jordan
    JP Japan
    KE Kenya
    KG Kyrgyzstan
    KH Cambodia
    KI Kiribati
    KM Comoros
    KN St Kitts & Nevis
    KP Korea (North)
    KR Korea (South)
    KW Kuwait
    KY Cayman Islands
    KZ Kazakhstan
    LA Laos
    LB Lebanon
    LC St Lucia
    LI Liechtenstein
    LK Sri Lanka
    LR Liberia
    LS Lesotho
    LT Lithuania
    LU Luxembourg
    LV Latvia
    LY Libya
    MA Morocco
    MC Monaco
    MD Moldova
    ME Montenegro
    MF St Martin (French)
    MG Madagascar
    MH Marshall Islands
    MK North Macedonia
    ML Mali
    MM Myanmar (Burma)
    MN Mongolia
    MO Macau
    MP Northern Mariana Islands
    MQ Martinique
    MR Mauritania
    MS Montserrat
    MT Malta
    MU Mauritius
    MV Maldives
    MW Malawi
    MX Mexico
    MY Malaysia
    MZ Mozambique
    NA Namibia
    NC New Caledonia
    NE Niger
    NF Norfolk Island
    NG Nigeria
    NI Nicaragua
    NL Netherlands
    NO Norway
    NP Nepal
    NR Nauru
    NU Niue
    NZ New Zealand
    OM Oman
    PA Panama
    PE Peru
    PF French Polynesia
    PG Papua New Guinea
    PH Philippines
    PK Pakistan
    PL Poland
    PM St Pierre & Miquelon
    PN Pitcairn
    PR Puerto Rico
    PS Palestine
    PT Portugal
    PW Palau
    PY Paraguay
    QA Qatar
    RE Réunion
    RO Romania
    RS Serbia
    RU Russia
    RW Rwanda
    SA Saudi Arabia
    SB Solomon Islands
    SC Seychelles
    SD Sudan
    SE Sweden
    SG Singapore
    SH St Helena
    SI Slovenia
    SJ Svalbard & Jan Mayen
    SK Slovakia
    SL Sierra Leone
    SM San Marino
    SN Senegal
    SO Somalia
    SR Suriname
    SS South Sudan
    ST Sao Tome & Principe
    SV El Salvador
    SX St Maarten (Dutch)
    SY Syria
    SZ Eswatini (Swaziland)
    TC Turks & Caicos Is
    TD Chad
    TF French S. Terr.
    TG Togo
    TH Thailand
    TJ Tajikistan
    TK Tokelau
    TL East Timor
    TM Turkmenistan
    TN Tunisia
    TO Tonga
    TR Turkey
    TT Trinidad & Tobago
    TV Tuvalu
    TW Taiwan
    TZ Tanzania
    UA Ukraine
    UG Uganda
    UM US minor outlying islands
    US United States
    UY Uruguay
    UZ Uzbekistan
    VA Vatican City
    VC St Vincent
    VE Venezuela
    VG Virgin Islands (UK)
    VI Virgin Islands (US)
    VN Vietnam
    VU Vanuatu
    WF Wallis & Futuna
    WS Samoa (western)
    YE Yemen
    YT Mayotte
    ZA South Africa
    ZM Zambia
    ZW Zimbabwe
    GB United Kingdom
    GB Great Britain
    GB UK
    GB Britain
    US United States of America
    US USA
    US America
    KR South Korea
    KR Korea, Republic of
    KP North Korea
    RU Russian Federation
    CZ Czechia
    CI Ivory Coast
    CI Cote d'Ivoire
    VN Viet Nam
    LA Lao People's Democratic Republic
    SY Syrian Arab Republic
    IR Iran, Islamic Republic of
    TR Türkiye
    MK Macedonia
    SZ Swaziland
    CV Cabo Verde
    NL The Netherlands
    NL Holland
    BO Bolivia, Plurinational State of
    VE Venezuela, Bolivarian Republic of
    TZ Tanzania, United Republic of
    MD Moldova, Republic of
    TW Taiwan, Province of China
    BN Brunei Darussalam
    CD Democratic Republic of the Congo
    CG Republic of the Congo
    CD DR Congo
    MM Burma
    TL Timor-Leste
    PS Palestinian Territory
    VA Holy See
    FK Falkland Islands (Malvinas)
    AE UAE
    DE Deutschland
    BA Bosnia and Herzegovina
    TT Trinidad and Tobago
    AG Antigua and Barbuda
    ST Sao Tome and Principe
    KN Saint Kitts and Nevis
    LC Saint Lucia
    VC Saint Vincent and the Grenadines
    BL Saint Barthelemy
    RE Reunion
    CW Curacao
    AX Aland Islands
    CN People's Republic of China
    HK Hong Kong SAR
    MO Macao
    """
}
