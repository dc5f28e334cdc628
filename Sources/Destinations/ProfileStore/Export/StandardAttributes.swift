import SyncModel

/// The names that are Braze's own (case sensitive, R61); every other name is a custom attribute.
enum StandardAttributes {
  /// In the order in which a profile shows them.
  static let names: [StaticString] = [
    "first_name", "last_name", "email", "phone", "dob", "gender", "country", "language",
    "home_city", "time_zone", "current_location", "image_url", "email_subscribe",
    "push_subscribe", "subscription_groups", "email_open_tracking_disabled",
    "email_click_tracking_disabled", "marked_email_as_spam_at", "date_of_first_session",
    "date_of_last_session", "facebook", "twitter", "push_tokens", "push_token_import",
  ]

  /// The place of a name in `names`.
  static func index(of name: UnsafeRawBufferPointer) -> Int? {
    names.firstIndex { $0.utf8CodeUnitCount == name.count && name.sameBytes(as: $0) }
  }
}
