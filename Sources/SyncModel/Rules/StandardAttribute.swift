/// The names that are Braze's own (case sensitive, R61); every other name is a custom attribute.
public enum StandardAttribute: UInt8, Sendable, CaseIterable {
  // In the order in which a profile shows them.
  case firstName, lastName, email, phone, dateOfBirth, gender, country, language, homeCity
  case timeZone, currentLocation, imageURL, emailSubscribe, pushSubscribe, subscriptionGroups
  case emailOpenTrackingDisabled, emailClickTrackingDisabled, markedEmailAsSpamAt
  case dateOfFirstSession, dateOfLastSession, facebook, twitter, pushTokens
  // Not shown: they say how to read the row, or are refused.
  case pushTokenImport, bio, emailSubscriptionInfo, mergeObjects, updateExistingOnly

  public var name: StaticString {
    switch self {
    case .firstName: "first_name"
    case .lastName: "last_name"
    case .email: "email"
    case .phone: "phone"
    case .dateOfBirth: "dob"
    case .gender: "gender"
    case .country: "country"
    case .language: "language"
    case .homeCity: "home_city"
    case .timeZone: "time_zone"
    case .currentLocation: "current_location"
    case .imageURL: "image_url"
    case .emailSubscribe: "email_subscribe"
    case .pushSubscribe: "push_subscribe"
    case .subscriptionGroups: "subscription_groups"
    case .emailOpenTrackingDisabled: "email_open_tracking_disabled"
    case .emailClickTrackingDisabled: "email_click_tracking_disabled"
    case .markedEmailAsSpamAt: "marked_email_as_spam_at"
    case .dateOfFirstSession: "date_of_first_session"
    case .dateOfLastSession: "date_of_last_session"
    case .facebook: "facebook"
    case .twitter: "twitter"
    case .pushTokens: "push_tokens"
    case .pushTokenImport: "push_token_import"
    case .bio: "bio"
    case .emailSubscriptionInfo: "email_subscription_info"
    case .mergeObjects: "_merge_objects"
    case .updateExistingOnly: "_update_existing_only"
    }
  }

  /// Those that a profile shows, in their order.
  public static let shown = allCases.filter { $0.rawValue <= StandardAttribute.pushTokens.rawValue }

  /// nil for a custom attribute's name.
  public init?(_ name: UnsafeRawBufferPointer) {
    // By length first: a custom attribute costs one or two comparisons at most.
    let candidates: (StandardAttribute, StandardAttribute?, StandardAttribute?, StandardAttribute?)
    switch name.count {
    case 3: candidates = (.dateOfBirth, .bio, nil, nil)
    case 5: candidates = (.email, .phone, nil, nil)
    case 6: candidates = (.gender, nil, nil, nil)
    case 7: candidates = (.country, .twitter, nil, nil)
    case 8: candidates = (.language, .facebook, nil, nil)
    case 9: candidates = (.lastName, .homeCity, .timeZone, .imageURL)
    case 10: candidates = (.firstName, nil, nil, nil)
    case 11: candidates = (.pushTokens, nil, nil, nil)
    case 14: candidates = (.pushSubscribe, .mergeObjects, nil, nil)
    case 15: candidates = (.emailSubscribe, nil, nil, nil)
    case 16: candidates = (.currentLocation, nil, nil, nil)
    case 17: candidates = (.pushTokenImport, nil, nil, nil)
    case 19: candidates = (.subscriptionGroups, nil, nil, nil)
    case 20: candidates = (.dateOfLastSession, nil, nil, nil)
    case 21: candidates = (.dateOfFirstSession, .updateExistingOnly, nil, nil)
    case 23: candidates = (.markedEmailAsSpamAt, .emailSubscriptionInfo, nil, nil)
    case 28: candidates = (.emailOpenTrackingDisabled, nil, nil, nil)
    case 29: candidates = (.emailClickTrackingDisabled, nil, nil, nil)
    default: return nil
    }
    if name.sameBytes(as: candidates.0.name) {
      self = candidates.0
    } else if let other = candidates.1, name.sameBytes(as: other.name) {
      self = other
    } else if let other = candidates.2, name.sameBytes(as: other.name) {
      self = other
    } else if let other = candidates.3, name.sameBytes(as: other.name) {
      self = other
    } else {
      return nil
    }
  }
}
