"""Random histories of rows, for the model and the store alike: all operators, late rows, repeats and copies."""

import json
import random

from model import Row

# Those with operators twice.
NAMES = ["s", "n", "b", "t", "l", "o", "ol", " s ", "free", "n", "l", "o", "ol"]
DATES = ["2020-05-28", "05/28/2020", "2020-05-28T10:11:12.5+02:00", "2020-05-28 10:11:12",
         "2020-05-28T10:11:12:345Z", "2020-05-28T10:11:12+1:00", "Thu 05 28 10:11:12.+01:00 2020", "3001-01-01",
         "1969-12-31T23:59:60Z"]
PAST = DATES[:-2] + ["1969-07-20"]
EMAILS = ["a@x.org", "B@x.org", "b@X.org"]
PHONES = ["4155550100", "+14155550101"]
GROUP = "0a381cff-734f-80e5-b7b2-b8805628881"
STATES = ["opted_in", "subscribed", "unsubscribed"]


class History:
    """One seed, one history: what it chooses depends on the seed alone."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        kinds = ["attributes", "attributes", "events", "purchases", "deletes"]
        self.data = sorted(set(self.random.choices(kinds, k=3)) | {"attributes"})
        self.existing_only = self.random.random() < 0.08
        # Few users and names, so that rows meet: some of the histories play with one attribute only.
        self.users = self.random.randint(1, 4)
        self.names = self.random.sample(NAMES, self.random.choice([1, 2, 3, len(NAMES)]))
        self.stray = self.random.choice([0.15, 0.55])

    def choice(self, *items):
        return self.random.choice(items)

    def chance(self, probability):
        return self.random.random() < probability

    # MARK: Rows

    def row(self):
        data = self.random.choices(self.data, [6 if kind == "attributes" else 2 for kind in self.data])[0]
        if data == "deletes" and self.chance(0.6):
            data = "attributes"
        columns = self.columns(data)
        payload = None if data == "deletes" else self.payload(data)
        return Row(data, self.random.randint(1, 60), columns, payload)

    def columns(self, data):
        user = f"u{self.random.randint(1, self.users)}"
        kind = self.random.random() * (0.45 + self.stray)
        if kind < 0.45:
            return {"external_id": user}
        if kind < 0.55:
            return {"alias_name": self.choice("n", "N"), "alias_label": "l"}
        if kind < 0.70:
            return {"email": self.choice(*EMAILS)}
        if kind < 0.80:
            return {"phone": self.choice(*PHONES)}
        if kind < 0.90:
            return {"external_id": user, "email": self.choice(*EMAILS)}
        if kind < 0.93:
            return {"email": self.choice(*EMAILS), "phone": self.choice(*PHONES)}
        return self.choice({}, {"external_id": user, "braze_id": "x"}, {"alias_name": "n"}, {"braze_id": "no"},
                           {"email": "nonsense"}, {"external_id": user, "phone": "12"}, {"external_id": "é" * 494})

    def payload(self, data):
        if self.chance(0.03):
            return self.choice("[1]", "", "{", '{"a":1,}', '{"a":1,"a":2}', "null", '{"a":01}', '{"a":"\\ud800"}')
        members = {"attributes": self.attributes, "events": self.event, "purchases": self.purchase}[data]()
        if self.chance(0.02):
            members["external_id"] = self.choice(None, "u1")
        if self.chance(0.03):
            members["_update_existing_only"] = self.choice(True, False, "true", 1)
        return self.written(members)

    def written(self, members):
        """JSON text, now and then with white space and escapes that say the same."""
        text = json.dumps(members, ensure_ascii=self.chance(0.3),
                          separators=self.choice((",", ":"), (" , ", " : ")))
        # Numbers keep their text: these stand for what json.dumps would not write.
        for mark, number in (('"#1.0"', "1.0"), ('"#2.50"', "2.50"), ('"#1e2"', "1e2"), ('"#-0"', "-0")):
            text = text.replace(mark, number)
        return text

    def number(self):
        return self.choice(0, 1, 2, -3, 7, "#1.0", "#2.50", "#1e2", "#-0")

    # MARK: Attributes

    def attributes(self):
        members = {}
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 4])):
            if self.chance(0.15):
                name, value = self.standard()
            else:
                name = self.choice(*self.names)
                value = self.custom(name.strip())
            members[name] = value
        if self.chance(0.3):
            members["_merge_objects"] = self.choice(True, "true", False, True, "true", "no" if self.chance(0.1) else True)
        return members

    def custom(self, name):
        if self.chance(0.1):
            return None
        if self.chance(0.08):
            name = self.choice(*NAMES).strip()
        make = {"s": self.string, "n": self.numeric, "b": self.boolean, "t": lambda: self.choice(*DATES, {"$time": "2020-05-28"}),
                "l": self.elements, "o": self.object_value, "ol": self.objects}.get(name)
        return make() if make else self.choice(
            self.string, self.numeric, self.boolean, self.elements, self.object_value, self.objects)()

    def string(self):
        return self.choice("", "x", "y", "1", "true", "2020-05-28", "é\"\\/\n", "x" * 255, "é" * 256, self.number())

    def numeric(self):
        return {"inc": self.choice(1, -2, "#2.50", "x" if self.chance(0.1) else 5)} if self.chance(0.5) \
            else self.choice(self.number(), "12", "0x1", True)

    def boolean(self):
        return self.choice(True, False, 1, 0, "T", "false", "yes", 2)

    def elements(self):
        if self.chance(0.55):
            operator = {key: self.scalars() for key in ("add", "remove") if self.chance(0.6)}
            return operator or {"add": self.scalars()}
        return self.scalars()

    def scalars(self):
        items = [self.choice("a", "b", "c", 1, "1", True, "#1.0", "2020-05-28") for _ in range(self.random.randint(0, 5))]
        if self.chance(0.04):
            items.append(self.choice(None, [1], {"a": 1}, "é" * 256))
        return items

    def object_value(self, depth=0):
        result = {}
        for _ in range(self.random.randint(0, 3)):
            key = self.choice("a", "b", "c", "é")
            result[key] = self.choice("x", 1, True, [1, "x"], {"$time": "2020-05-28"}, "#2.50", [])
            if depth < 2 and self.chance(0.4):
                result[key] = self.object_value(depth + 1)
        if self.chance(0.04):
            result[self.choice("bad key", "a", "$x", "a.b", "", "z")] = self.choice(
                None, {"$time": "soon"}, {"$time": None}, "é" * 256, [[1]], {"$time": "3001-01-01"}, 1)
        return result

    def item(self):
        return {"id": self.random.randint(1, 3), **self.object_value(1)}

    def objects(self):
        if self.chance(0.35):
            return [self.item() for _ in range(self.random.randint(0, 3))]
        operator = {}
        if self.chance(0.5):
            operator["$add"] = [self.item() for _ in range(self.random.randint(0, 2))]
        if self.chance(0.4):
            operator["$remove"] = [self.match()]
        if self.chance(0.5) or not operator:
            operator["$update"] = [{**self.match(), "$new_object": self.object_value(1)}
                                   for _ in range(self.random.randint(1, 2))]
        if self.chance(0.03):
            operator[self.choice("other", "$add")] = 1
        keys = list(operator)
        self.random.shuffle(keys)
        return {key: operator[key] for key in keys}

    def match(self):
        return {"$identifier_key": self.choice("id", "id", "a"),
                "$identifier_value": self.choice(1, 2, 3, "x", "#1.0")}

    def standard(self):
        name = self.choice("first_name", "email", "phone", "gender", "country", "language", "time_zone", "dob",
                           "email_subscribe", "push_subscribe", "subscription_groups", "current_location",
                           "push_tokens", "date_of_first_session", "email_open_tracking_disabled", "First_Name")
        value = {
            "first_name": ["Ann", "Bo", 7, True], "First_Name": ["x", "y"],
            "email": [*EMAILS, "nonsense" if self.chance(0.2) else EMAILS[0]],
            "phone": [*PHONES, "12" if self.chance(0.2) else PHONES[0]],
            "gender": ["F", "M", "x"], "country": ["Australia", "de", "Atlantis"], "language": ["EN", "xx"],
            "time_zone": ["Europe/Paris", "Mars/Base"], "dob": ["1980-02-29", "1981-02-29"],
            "email_subscribe": [*STATES, "no" if self.chance(0.2) else STATES[0]], "push_subscribe": STATES,
            "subscription_groups": [[{"subscription_group_id": GROUP + self.choice("1", "2"),
                                      "subscription_state": self.choice("subscribed", "unsubscribed")}
                                     for _ in range(self.random.randint(0, 2))]],
            "current_location": [{"longitude": 1, "latitude": 2}, {"longitude": 1} if self.chance(0.2) else
                                 {"latitude": 3, "longitude": -4}],
            "push_tokens": [[{"app_id": "a", "token": self.choice("t", "u")}],
                            [{"app_id": "a", "token": "t", "device_id": "device-1"}]],
            "date_of_first_session": [*DATES, "never"], "email_open_tracking_disabled": [True, "f", "maybe"],
        }[name]
        if self.chance(0.12) and name not in ("subscription_groups", "push_tokens"):
            return name, None
        return name, self.random.choice(value)

    # MARK: Events and purchases

    def event(self):
        members = {"name": self.choice("click", "buy", "Buy")}
        self.happen(members)
        if self.chance(0.04):
            members["name"] = self.choice(None, "", 7)
        return members

    def purchase(self):
        members = {"product_id": self.choice("p", "q"), "currency": self.choice("USD", "eur", "GBP"),
                   "price": self.choice(1, "#2.50", -3, 19.99)}
        if self.chance(0.5):
            members["quantity"] = self.choice(1, 3, 100, 101 if self.chance(0.1) else 2)
        self.happen(members)
        if self.chance(0.04):
            members[self.choice("currency", "price", "product_id")] = self.choice(None, "XYZ", [1])
        return members

    def happen(self, members):
        if self.chance(0.4):
            members["time"] = self.choice(*PAST)
        if self.chance(0.5):
            members["properties"] = {
                self.choice("at", "a", "é", "l"): self.choice(
                    "x", 1, None, True, "2020-05-28", ["2020-05-28", {"at": "2020-05-28"}], {"at": "05/28/2020"})
                for _ in range(self.random.randint(0, 3))}
            if self.chance(0.05):
                members["properties"][self.choice("time", "", "$k", "price")] = 1
