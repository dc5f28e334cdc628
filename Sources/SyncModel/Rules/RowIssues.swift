/// Rules reject a row by throwing its issue; what leaves the rules is a `RowOutcome` again.
extension RowIssue: Error {}

/// Every reason for which a row is rejected: one place for codes and words.
///
/// The words say what was wrong and what to do. They never hold a value of the row.
extension RowIssue {
  // MARK: Identifiers

  /// R51.
  static let identifierMissing = RowIssue(
    "identifier_missing",
    "No identifier is filled: fill one of EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL, BRAZE_ID, "
      + "EMAIL or PHONE"
  )

  /// R42.
  static func aliasIncomplete(missing: String) -> RowIssue {
    RowIssue(
      "alias_incomplete",
      "A user alias needs both ALIAS_NAME and ALIAS_LABEL, and \(missing) is empty"
    )
  }

  /// R49.
  static func identifiersConflict(_ first: String, _ second: String) -> RowIssue {
    RowIssue(
      "identifiers_conflict",
      "Both \(first) and \(second) are filled, but a row may name its user by one of "
        + "EXTERNAL_ID, the alias and BRAZE_ID only"
    )
  }

  /// R52.
  static let externalIDTooLong = RowIssue(
    "external_id_too_long",
    "'external_id' must be fewer than 988 bytes"
  )

  static func identifierTooLong(_ column: String) -> RowIssue {
    RowIssue("identifier_too_long", "\(column) must be fewer than 988 bytes")
  }

  /// Design, decision 13.
  static func invalidUTF8(_ column: String, at offset: Int) -> RowIssue {
    RowIssue(
      "invalid_utf8",
      "\(column) is not valid UTF-8 at byte \(offset); convert the column to UTF-8"
    )
  }

  /// Design, decision 13.
  static func nulCharacter(_ column: String, at offset: Int) -> RowIssue {
    RowIssue("nul_character", "\(column) holds a NUL character at byte \(offset); remove it")
  }

  /// R65; the words are Braze's.
  static let invalidEmail = RowIssue(
    "invalid_email",
    "The value provided for the 'email' field is not a valid email."
  )

  /// R56.
  static let invalidPhone = RowIssue(
    "invalid_phone",
    "The value provided for the 'phone' field is not a valid phone number; write it as "
      + "+ and country code, as in +14155550100"
  )

  /// R60.
  static let deleteNeedsPrimary = RowIssue(
    "delete_needs_primary_identifier",
    "Users are deleted by EXTERNAL_ID, alias or BRAZE_ID only, not by EMAIL or PHONE, which "
      + "several users may share"
  )

  // MARK: Payload

  /// R29.
  static func payloadNotObject(_ why: String) -> RowIssue {
    RowIssue("payload_not_object", "PAYLOAD is not a JSON object: \(why)")
  }

  /// R30; the words are Braze's.
  static let payloadTooLarge = RowIssue("payload_too_large", "Payload was greater than 1MB")

  /// R32.
  static func tooManyKeys(_ count: Int, _ limit: Int) -> RowIssue {
    RowIssue(
      "too_many_attributes",
      "PAYLOAD has \(count) top-level keys, but \(limit) are allowed"
    )
  }

  /// R40; design, decision 10.
  static func identifierInPayload(_ key: StaticString) -> RowIssue {
    RowIssue(
      "identifier_in_payload",
      "PAYLOAD must not contain '\(key)': the user is named by the identifier columns"
    )
  }

  /// R96.
  static let mergeObjectsInvalid = RowIssue(
    "merge_objects_not_valid",
    "'_merge_objects' must be true or false"
  )

  static let updateExistingOnlyInvalid = RowIssue(
    "update_existing_only_not_valid",
    "'_update_existing_only' must be true or false"
  )

  /// R76: two keys that are the same without the spaces around them.
  static let duplicateAttribute = RowIssue(
    "duplicate_attribute",
    "PAYLOAD names an attribute twice: spaces around a name do not count"
  )

  // MARK: Standard attributes

  /// R66, R67.
  static func subscriptionStateInvalid(_ field: StaticString) -> RowIssue {
    RowIssue(
      "\(field)_not_valid",
      "'\(field)' must be one of opted_in, subscribed and unsubscribed"
    )
  }

  /// R68.
  static let locationInvalid = RowIssue(
    "current_location_not_valid",
    "'current_location' must be an object of the numbers 'longitude' (-180 to 180) and 'latitude' "
      + "(-90 to 90)"
  )

  /// R69.
  static let subscriptionGroupsNotArray = RowIssue(
    "subscription_groups_not_array",
    "'subscription_groups' must be an array"
  )
  static let subscriptionGroupItemInvalid = RowIssue(
    "subscription_group_item_not_valid",
    "Each item of 'subscription_groups' must be an object with 'subscription_group_id' and "
      + "'subscription_state'"
  )
  static let subscriptionGroupIDInvalid = RowIssue(
    "subscription_group_id_not_valid",
    "'subscription_group_id' must be a UUID"
  )
  static let subscriptionGroupStateInvalid = RowIssue(
    "subscription_group_state_not_valid",
    "'subscription_state' must be subscribed or unsubscribed"
  )
  static let emailSubscriptionInfoInvalid = RowIssue(
    "email_subscription_info_not_valid",
    "'email_subscription_info' cannot be set; use 'email_subscribe'"
  )

  /// R73.
  static let pushTokensNotArray = RowIssue(
    "push_tokens_not_valid",
    "'push_tokens' must be an array"
  )
  static let pushTokenAppInvalid = RowIssue(
    "push_token_app_id_not_valid",
    "Each item of 'push_tokens' needs an 'app_id'"
  )
  static let pushTokenStringInvalid = RowIssue(
    "push_token_string_not_valid",
    "Each item of 'push_tokens' needs a 'token', a string of 1 to 4096 bytes"
  )
  static let deviceIDInvalid = RowIssue(
    "device_id_not_valid",
    "A 'device_id' must have 8 to 255 bytes"
  )
  public static let pushTokenImportInvalid = RowIssue(
    "push_token_import_not_valid",
    "'push_token_import' true needs a token in 'push_tokens', and no EXTERNAL_ID or BRAZE_ID"
  )

  // MARK: Events and purchases

  /// R34, R36.
  static func fieldRequired(_ field: String, of noun: String) -> RowIssue {
    RowIssue("\(field)_required", "'\(field)' is required in the PAYLOAD of \(noun)")
  }

  static func fieldInvalid(_ field: String, _ demand: String) -> RowIssue {
    RowIssue("\(field)_not_valid", "'\(field)' \(demand)")
  }

  /// R118; the words are Braze's.
  static func quantityInvalid(_ limit: Int) -> RowIssue {
    RowIssue(
      "quantity_not_valid",
      "'quantity' is not valid: it must be an integer from 1 to \(limit)"
    )
  }

  /// R121; the words are Braze's.
  static let currencyInvalid = RowIssue(
    "currency_not_valid",
    "'currency' must be an ISO 4217 currency"
  )

  /// R114, R115; the words are Braze's.
  static let propertiesInvalid = RowIssue(
    "properties_not_valid",
    "Invalid 'properties' field: it must be a JSON object"
  )

  /// R114, R115; the words are Braze's.
  static func propertyNameReserved(_ name: StaticString) -> RowIssue {
    RowIssue("properties_not_valid", "Invalid 'properties' field: the name '\(name)' is reserved")
  }

  /// R113.
  static func propertyNameInvalid(_ limit: Int) -> RowIssue {
    RowIssue(
      "property_name_not_valid",
      "A property's name must have 1 to \(limit) characters and must not begin with '$'"
    )
  }

  /// R116.
  static func propertyTooLong(_ limit: Int) -> RowIssue {
    RowIssue(
      "property_too_long",
      "A property's string or number may have at most \(limit) characters"
    )
  }

  /// R111.
  static func propertiesTooLarge(_ limit: Int) -> RowIssue {
    RowIssue("properties_too_large", "'properties' must be at most \(limit) bytes")
  }

  /// A sum that no number of the store holds.
  public static let revenueOutOfRange = RowIssue(
    "revenue_out_of_range",
    "'price' is so large that the revenue cannot be added up exactly"
  )
}
