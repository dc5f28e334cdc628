"""Profiles as the rules R21 to R124 say them: one row after the other, without batches, bytes or caches.

Written from the rules and docs/payloads.md, not from the writer's code: the integration tests compare the two.
"""

import dataclasses
from decimal import Decimal

import attributes
import standard
import values
from attributes import Left
from standard import Rejected
from values import Number

LIMITS = {"keys": 250, "string_length": 255, "array_length": 500, "value_bytes": 102_400, "properties": 256,
          "property_bytes": 102_400, "quantity": 100, "shared_profiles": 1000}
PRIMARY = ["external_id", "alias", "braze_id"]
CURRENCIES = {"USD", "EUR", "GBP", "JPY"}
RESERVED = {"events": {"time", "event_name"},
            "purchases": {"time", "product_id", "quantity", "event_name", "price", "currency"}}


@dataclasses.dataclass
class Row:
    data: str
    at: int
    columns: dict
    payload: str | None = None

    @property
    def key(self):
        return self.data, self.at, tuple(sorted(self.columns.items())), self.payload


@dataclasses.dataclass
class Attribute:
    value: object           # None: removed
    changed: int            # UPDATED_AT of what changed it last
    assigned: int | None    # UPDATED_AT of what assigned it last


class Profile:
    def __init__(self, number):
        self.number = number
        self.external_id = None
        self.alias = None
        self.updated_at = -(1 << 62)
        self.attributes = {}
        self.events = []      # (time, order, shown)
        self.purchases = []
        self.summaries = {"events": {}, "purchases": {}}
        self.revenue = Decimal(0)

    def value(self, name):
        return self.attributes[name].value if name in self.attributes else None


class Model:
    """`now` is the time of processing, `limit` the warehouse's clock."""

    def __init__(self, limits=None, blocked=None, now=1 << 62, limit=1 << 62):
        self.limits = {**LIMITS, **(limits or {})}
        self.blocked = blocked or {}
        self.now, self.limit = now, limit
        self.profiles = []
        self.types = {}
        self.count = 0
        self.order = 0

    # MARK: Rows

    def apply(self, row, existing_only=False):
        """(outcome, codes of rejections that would be right, codes of warnings)."""
        self.warnings = []
        try:
            identity, extra = self.identify(row)
            if row.data == "deletes":
                return self.delete(identity), [], []
            payload = self.read(row)
            outcome = getattr(self, row.data)(row, payload, identity, extra, existing_only)
        except Rejected as rejection:
            return "rejected", [rejection.code], []
        return outcome, [], self.warnings if outcome != "skipped" else []

    def identify(self, row):
        columns = {name: value for name, value in row.columns.items() if value}
        for name, value in columns.items():
            if len(value.encode()) > 987:
                raise Rejected("external_id_too_long" if name == "external_id" else "identifier_too_long")
        if ("alias_name" in columns) != ("alias_label" in columns):
            raise Rejected("alias_incomplete")
        named = {"external_id": columns.get("external_id"), "braze_id": columns.get("braze_id"),
                 "alias": (columns["alias_name"], columns["alias_label"]) if "alias_name" in columns else None}
        primary = [name for name in PRIMARY if named[name]]
        if len(primary) > 1:
            raise Rejected("identifiers_conflict")
        email, phone = columns.get("email"), columns.get("phone")
        if email and not values.is_email(email):
            raise Rejected("invalid_email")
        if phone:
            phone = values.phone(phone)
            if phone is None:
                raise Rejected("invalid_phone")
        if primary:
            return (primary[0], named[primary[0]]), {"email": email, "phone": phone}
        if row.data == "deletes" and (email or phone):
            raise Rejected("delete_needs_primary_identifier")
        if email:
            return ("email", email), {"phone": phone}
        if phone:
            return ("phone", phone), {}
        raise Rejected("identifier_missing")

    def read(self, row):
        if row.payload is None:
            raise Rejected("payload_not_object")
        if len(row.payload.encode()) > 1_048_576:
            raise Rejected("payload_too_large")
        try:
            payload = values.parse(row.payload)
        except values.Refused:
            raise Rejected("payload_not_object") from None
        if not isinstance(payload, dict):
            raise Rejected("payload_not_object")
        if len(payload) > self.limits["keys"]:
            raise Rejected("too_many_attributes")
        for name in ("external_id", "user_alias", "braze_id"):
            if payload.get(name) is not None:
                raise Rejected("identifier_in_payload")
        return payload

    # MARK: Profiles

    def find(self, identity):
        kind, value = identity
        if kind == "external_id":
            found = [p for p in self.profiles if p.external_id == value]
        elif kind == "alias":
            found = [p for p in self.profiles if p.alias == value]
        elif kind == "braze_id":
            found = [p for p in self.profiles if f"@{p.external_id}" == value]
        elif kind == "email":
            found = self.with_email(value)
            found = [p for p in found if p.external_id is not None] or found
        else:
            found = [p for p in self.profiles if p.value("phone") == value]
        return max(found, key=lambda p: (p.updated_at, p.number), default=None)

    def with_email(self, address):
        key = values.email_key(address)
        return [p for p in self.profiles if p.value("email") and values.email_key(p.value("email")) == key]

    def find_or_make(self, identity, existing_only):
        profile = self.find(identity)
        if profile or existing_only or identity[0] == "braze_id":
            return profile, False
        self.count += 1
        profile = Profile(self.count)
        if identity[0] == "external_id":
            profile.external_id = identity[1]
        elif identity[0] == "alias":
            profile.alias = identity[1]
        self.profiles.append(profile)
        return profile, True

    def delete(self, identity):
        profile = self.find(identity)
        if profile is None:
            return "skipped"
        self.profiles.remove(profile)
        return "applied"

    # MARK: Attributes

    def attributes(self, row, payload, identity, extra, existing_only):
        custom, assigned, rejections = self.collect(payload)
        if standard_flag(payload, "push_token_import", "push_token_import_not_valid"):
            if identity[0] in ("external_id", "braze_id") or not any(
                    isinstance(name, tuple) and name[0] == "push_tokens" for name in assigned):
                raise Rejected("push_token_import_not_valid")
        only = standard_flag(payload, "_update_existing_only", "update_existing_only_not_valid")
        profile, is_new = self.find_or_make(identity, existing_only or only)
        if profile is None:
            return "skipped"
        for name, change in list(custom.items()):
            try:
                kind = attributes.settle(change, self.types.get(name))
                if kind is not None:
                    self.types[name] = kind
            except Left as left:
                self.warnings.append(left.code)
                del custom[name]
        own = {identity[0]: identity[1]} if is_new and identity[0] in ("email", "phone") else {}
        for name, value in {**extra, **own}.items():
            if value and name not in assigned:
                assigned[name] = (value, False)
        counts = self.merge(profile, row.at, custom, assigned)
        self.share(profile, row.at, assigned)
        if counts["changed"] or is_new:
            outcome = "applied"
        elif not counts["confirmed"] and counts["superseded"]:
            return "superseded"
        else:
            outcome = "unchanged"
        self.touch(profile, row)
        return outcome

    def collect(self, payload):
        custom, assigned, names = {}, {}, []
        for key, value in payload.items():
            name = key.strip(" ")
            if name in ("external_id", "user_alias", "braze_id"):
                if value is not None:
                    raise Rejected("identifier_in_payload")
                continue
            try:
                if name in standard.NAMES:
                    if name == "country" and value is not None:
                        assigned["country"] = (None, False)
                    for item, new, shared in standard.read(name, value, self.limits):
                        assigned[item] = (new, shared)
                    names.append(name)
                    continue
                merging = isinstance(value, dict) and standard_flag(
                    payload, "_merge_objects", "merge_objects_not_valid")
                if not 1 <= len(name) <= self.limits["string_length"]:
                    raise Left("attribute_name_not_valid")
                if name in self.blocked.get("attribute", ()):
                    continue
                custom[name] = attributes.read(value, merging, self.limits, self.warnings.append)
                names.append(name)
            except Left as left:
                self.warnings.append(left.code)
        if len(set(names)) != len(names):
            raise Rejected("duplicate_attribute")
        return custom, assigned, names

    def merge(self, profile, at, custom, assigned):
        counts = {"changed": 0, "confirmed": 0, "superseded": 0}
        for name, (value, _) in assigned.items():
            counts[self.assign(profile, name, value, at)] += 1
        for name, change in custom.items():
            if change.operator is None:
                counts[self.assign(profile, name, change.value, at)] += 1
                continue
            stored = profile.attributes.get(name)
            if stored and stored.assigned is not None and stored.assigned > at:
                counts["superseded"] += 1
                continue
            try:
                new = attributes.apply_operator(change, stored.value if stored else None)
            except Left as left:
                self.warnings.append(left.code)
                continue
            old = stored.value if stored else None
            counts["confirmed" if new is None or unchanged(old, new) else "changed"] += 1
            if new is not None:
                profile.attributes[name] = Attribute(
                    new, max(at, stored.changed) if stored else at, stored.assigned if stored else None)
        return counts

    def assign(self, profile, name, value, at):
        stored = profile.attributes.get(name)
        if stored and stored.changed > at:
            return "superseded"
        old = stored.value if stored else None
        profile.attributes[name] = Attribute(value, at, at)
        return "confirmed" if unchanged(old, value) else "changed"

    def share(self, profile, at, assigned):
        """R70."""
        shared = {name: value for name, (value, is_shared) in assigned.items() if is_shared}
        if not shared or not profile.value("email"):
            return
        others = [p for p in self.with_email(profile.value("email")) if p is not profile]
        if len(others) > self.limits["shared_profiles"]:
            self.warnings.append("subscription_shared_partly")
            others = others[:self.limits["shared_profiles"]]
        for other in others:
            for name, value in shared.items():
                self.assign(other, name, value, at)

    def touch(self, profile, row):
        profile.updated_at = max(profile.updated_at, min(row.at, self.limit))

    # MARK: Events and purchases

    def events(self, row, payload, identity, extra, existing_only):
        name = required_text(payload, "name")
        if len(name) > self.limits["string_length"]:
            raise Rejected("name_not_valid")
        time = self.time(row, payload)
        properties = payload.get("properties")
        if properties is not None and not isinstance(properties, dict):
            raise Rejected("properties_not_valid")
        if name in self.blocked.get("event", ()):
            return "skipped"
        shown = {"name": name, "time": values.instant(time)}
        return self.happen(row, payload, identity, existing_only, "events", name, time, 1, Decimal(0), shown,
                           properties)

    def purchases(self, row, payload, identity, extra, existing_only):
        product = required_text(payload, "product_id")
        if len(product) > self.limits["string_length"]:
            raise Rejected("product_id_not_valid")
        currency = payload.get("currency")
        if currency is None:
            raise Rejected("currency_required")
        if not isinstance(currency, str) or currency.upper() not in CURRENCIES:
            raise Rejected("currency_not_valid")
        price = payload.get("price")
        if price is None:
            raise Rejected("price_required")
        if not isinstance(price, Number):
            raise Rejected("price_not_valid")
        quantity = payload.get("quantity")
        quantity = Number("1") if quantity is None else quantity
        if not isinstance(quantity, Number) or quantity.value % 1 != 0 \
                or not 1 <= quantity.value <= self.limits["quantity"]:
            raise Rejected("quantity_not_valid")
        time = self.time(row, payload)
        properties = payload.get("properties")
        if properties is not None and not isinstance(properties, dict):
            raise Rejected("properties_not_valid")
        if product in self.blocked.get("product", ()):
            return "skipped"
        shown = {"product_id": product, "time": values.instant(time), "currency": currency.upper(),
                 "price": values.number(price.value), "quantity": values.number(quantity.value)}
        return self.happen(row, payload, identity, existing_only, "purchases", product, time, int(quantity.value),
                           price.value * quantity.value, shown, properties)

    def time(self, row, payload):
        time = payload.get("time")
        if time is None:
            return min(row.at, self.now)
        found = values.date(time) if isinstance(time, str) else None
        if found is None:
            raise Rejected("time_not_valid")
        moment, nanoseconds = found
        seconds = (moment - values.datetime.datetime(1970, 1, 1)) // values.datetime.timedelta(seconds=1)
        return min(seconds * 10**9 + nanoseconds, self.now)

    def happen(self, row, payload, identity, existing_only, data, name, time, count, revenue, shown, properties):
        if properties is not None:
            shown["properties"] = self.properties(properties, data)
        only = standard_flag(payload, "_update_existing_only", "update_existing_only_not_valid")
        profile, is_new = self.find_or_make(identity, existing_only or only)
        if profile is None:
            return "skipped"
        if is_new and identity[0] in ("email", "phone"):
            self.assign(profile, identity[0], identity[1], row.at)
        first, last, total = profile.summaries[data].get(name, (time, time, 0))
        profile.summaries[data][name] = (min(first, time), max(last, time), total + count)
        self.order += 1
        getattr(profile, data).append((time, self.order, shown))
        profile.revenue += revenue
        self.touch(profile, row)
        return "applied"

    def properties(self, properties, data):
        result = {}
        for name, value in properties.items():
            self.check_property_name(name)
            if name in RESERVED[data]:
                raise Rejected("properties_not_valid")
            result[name] = self.property(value, False)
        if len(result) > self.limits["properties"]:
            result = dict(list(result.items())[:self.limits["properties"]])
            self.warnings.append("properties_dropped")
        if values.size(result) > self.limits["property_bytes"]:
            raise Rejected("properties_too_large")
        return result

    def check_property_name(self, name):
        if not 1 <= len(name) <= self.limits["string_length"] or name.startswith("$"):
            raise Rejected("property_name_not_valid")

    def property(self, value, in_array):
        if isinstance(value, str):
            if len(value) > self.limits["string_length"]:
                raise Rejected("property_too_long")
            return value if in_array else values.attribute_time(value) or value
        if isinstance(value, list):
            return [self.property(item, True) for item in value]
        if isinstance(value, dict):
            for name in value:
                self.check_property_name(name)
            return {name: self.property(item, in_array) for name, item in value.items()}
        return value

    # MARK: Export

    def export(self):
        return [self.shown(profile) for profile in self.profiles]

    def shown(self, profile):
        document = {"user_aliases": [], "custom_attributes": {}}
        if profile.external_id is not None:
            document["external_id"] = profile.external_id
        if profile.alias:
            document["user_aliases"] = [{"alias_name": profile.alias[0], "alias_label": profile.alias[1]}]
        lists = {"subscription_groups": [], "push_tokens": []}
        for name in sorted(profile.attributes, key=lambda name: name if isinstance(name, tuple) else (name,)):
            value = profile.attributes[name].value
            if value is None:
                continue
            if isinstance(name, tuple) and name[0] == "subscription_groups":
                lists[name[0]].append({"subscription_group_id": name[1], "subscription_state": value})
            elif isinstance(name, tuple):
                token = {"app_id": name[1], "token": name[2]}
                lists[name[0]].append({**token, "device_id": value} if value else token)
            elif name in standard.SHOWN:
                document[name] = value
            else:
                document["custom_attributes"][name] = value
        document.update({name: items for name, items in lists.items() if items})
        for data, name in (("events", "custom_events"), ("purchases", "purchases")):
            document[name] = [
                {"name": key, "first": values.instant(first), "last": values.instant(last),
                 "count": Number(str(count))}
                for key, (first, last, count) in sorted(profile.summaries[data].items(),
                                                        key=lambda item: item[0].encode())]
        document["total_revenue"] = values.number(profile.revenue)
        document["events"] = [shown for _, _, shown in sorted(profile.events, key=lambda e: e[:2])]
        document["purchase_events"] = [shown for _, _, shown in sorted(profile.purchases, key=lambda e: e[:2])]
        return document


def unchanged(old, new):
    if old is None or new is None:
        return old is None and new is None
    return values.dump(old) == values.dump(new)


def standard_flag(payload, name, code):
    for key, value in payload.items():
        if key.strip(" ") == name:
            return standard.flag(value, code)
    return False


def required_text(payload, field):
    value = payload.get(field)
    if value is None or value == "":
        raise Rejected(field + "_required")
    if not isinstance(value, str):
        raise Rejected(field + "_not_valid")
    return value
