"""Standard attributes: R61 to R74. Written from the rules and docs/payloads.md."""

import re

import values
from attributes import Left, nested_object, within
from values import Number

SHOWN = ["first_name", "last_name", "email", "phone", "dob", "gender", "country", "language", "home_city",
         "time_zone", "current_location", "image_url", "email_subscribe", "push_subscribe", "subscription_groups",
         "email_open_tracking_disabled", "email_click_tracking_disabled", "marked_email_as_spam_at",
         "date_of_first_session", "date_of_last_session", "facebook", "twitter", "push_tokens"]
NAMES = set(SHOWN) | {"push_token_import", "bio", "email_subscription_info", "_merge_objects",
                      "_update_existing_only"}
# As far as the cases and the histories go; the lists of the product are longer.
COUNTRIES = {"au": "AU", "australia": "AU", "de": "DE", "germany": "DE", "nl": "NL", "netherlands": "NL",
             "united kingdom": "GB", "gb": "GB", "us": "US", "united states": "US"}
LANGUAGES = {"en", "de", "nl", "fr"}
TIME_ZONES = {"America/New_York", "Europe/Paris", "UTC", "Eastern Time (US & Canada)"}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Rejected(Exception):
    """The row is rejected with this code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def flag(value, code):
    if value in (None, False, "false") and not isinstance(value, Number):
        return False
    if value is True or value == "true":
        return True
    raise Rejected(code)


def read(name, value, limits):
    """What a standard attribute sets: a list of (name, value, is shared); None as value removes.
    Raises Left with the code of a warning, Rejected with that of a rejection."""
    if value is None:
        if name in ("subscription_groups", "push_tokens"):
            raise Rejected({"subscription_groups": "subscription_groups_not_array",
                            "push_tokens": "push_tokens_not_valid"}[name])
        if name == "email_subscription_info":
            raise Rejected("email_subscription_info_not_valid")
        return [(name, None, name == "email_subscribe")] if name in SHOWN else []
    if name == "bio":
        raise Left("attribute_not_valid")
    if name == "email_subscription_info":
        raise Rejected("email_subscription_info_not_valid")
    if name in ("_merge_objects", "_update_existing_only", "push_token_import"):
        flag(value, {"_merge_objects": "merge_objects_not_valid"}.get(name, name.lstrip("_") + "_not_valid"))
        return []
    if name == "subscription_groups":
        return groups(value, limits)
    if name == "push_tokens":
        return tokens(value, limits)
    return [(name, single(name, value, limits), name == "email_subscribe")]


def single(name, value, limits):
    text = value if isinstance(value, str) else None
    if name in ("first_name", "last_name", "home_city"):
        if isinstance(value, Number):
            return value.text
        if text is None:
            raise Left("attribute_not_valid")
        if len(text) > limits["string_length"]:
            raise Left("string_too_long")
        return text
    if name == "email":
        if text is None or not values.is_email(text):
            raise Rejected("invalid_email")
        return text
    if name == "phone":
        if text is None or values.phone(text) is None:
            raise Rejected("invalid_phone")
        return values.phone(text)
    if name in ("email_subscribe", "push_subscribe"):
        if text not in ("opted_in", "subscribed", "unsubscribed"):
            raise Rejected(name + "_not_valid")
        return text
    if name == "current_location":
        return location(value)
    if name in ("facebook", "twitter"):
        if not isinstance(value, dict):
            raise Left("attribute_not_valid")
        return within(nested_object(value, limits), limits)
    if name in ("email_open_tracking_disabled", "email_click_tracking_disabled"):
        return boolean(value)
    return formed(name, text, limits)


def formed(name, text, limits):
    """Fields of a form of their own; a country that is none removes."""
    if name == "country":
        found = COUNTRIES.get(text.lower()) if text is not None else None
        if found is None:
            raise Left("country_unknown")
        return found
    good = text is not None
    if name == "dob":
        good = good and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and values.date(text) is not None
    elif name == "gender":
        good = good and text in ("M", "F", "O", "N", "P")
    elif name == "language":
        good = good and text.lower() in LANGUAGES
        text = text.lower() if good else text
    elif name == "time_zone":
        good = good and text in TIME_ZONES
    elif name == "image_url":
        good = good and len(text) <= 1024
    else:
        text = values.attribute_time(text) if good else None
        good = text is not None
    if not good:
        raise Left("attribute_not_valid")
    return text


def boolean(value):
    text = value.text if isinstance(value, Number) else value
    if isinstance(value, bool):
        return value
    if isinstance(text, str) and text.lower() in ("1", "true", "t"):
        return True
    if isinstance(text, str) and text.lower() in ("0", "false", "f"):
        return False
    raise Left("attribute_not_valid")


def location(value):
    if isinstance(value, dict):
        longitude, latitude = value.get("longitude"), value.get("latitude")
        if isinstance(longitude, Number) and isinstance(latitude, Number) \
                and abs(longitude.value) <= 180 and abs(latitude.value) <= 90:
            return {"longitude": longitude, "latitude": latitude}
    raise Rejected("current_location_not_valid")


def groups(value, limits):
    if not isinstance(value, list):
        raise Rejected("subscription_groups_not_array")
    found = {}
    for item in value:
        if not isinstance(item, dict) or not {"subscription_group_id", "subscription_state"} <= set(item):
            raise Rejected("subscription_group_item_not_valid")
        group, state = item["subscription_group_id"], item["subscription_state"]
        if not isinstance(group, str) or not re.fullmatch(UUID, group.lower(), re.ASCII):
            raise Rejected("subscription_group_id_not_valid")
        if state not in ("subscribed", "unsubscribed"):
            raise Rejected("subscription_group_state_not_valid")
        found["subscription_groups", group.lower()] = state
    return [(name, state, True) for name, state in found.items()]


def tokens(value, limits):
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Rejected("push_tokens_not_valid")
    found = {}
    for item in value:
        app, token, device = item.get("app_id"), item.get("token"), item.get("device_id")
        if not isinstance(app, str) or not 1 <= len(app.encode()) <= 255:
            raise Rejected("push_token_app_id_not_valid")
        if not isinstance(token, str) or not 1 <= len(token.encode()) <= 4096:
            raise Rejected("push_token_string_not_valid")
        if device is not None and (not isinstance(device, str) or not 8 <= len(device.encode()) <= 255):
            raise Rejected("device_id_not_valid")
        found["push_tokens", app, token] = device or ""
    return [(name, device, False) for name, device in found.items()]
