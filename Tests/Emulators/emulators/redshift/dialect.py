"""From Redshift's SQL to PostgreSQL's: what Redshift lacks is refused in its words, what it adds is rewritten."""

import re

TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|''|\\.)*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<dollar>\$\$.*?\$\$)
      | (?P<parameter>\$\d+)
      | (?P<number>\d+(?:\.\d*)?)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<symbol>::|.)""",
    re.VERBOSE | re.DOTALL)

#: What a session may set (Redshift guide, "Modifying the server configuration", and of PostgreSQL what drivers send).
SETTINGS = {
    "timezone", "time", "datestyle", "statement_timeout", "query_group", "search_path", "extra_float_digits",
    "client_encoding", "application_name", "enable_result_cache_for_session", "session", "local",
    "enable_case_sensitive_identifier", "wlm_query_slot_count", "analyze_threshold_percent", "seed", "names",
}
#: Those that PostgreSQL does not have: kept under a prefix.
OWN_SETTINGS = {"query_group", "enable_result_cache_for_session", "enable_case_sensitive_identifier",
                "wlm_query_slot_count", "analyze_threshold_percent"}
#: Types of PostgreSQL that Redshift has not (guide, "Unsupported PostgreSQL data types").
NO_TYPES = {"json", "jsonb", "uuid", "bytea", "xml", "inet", "cidr", "macaddr", "money", "serial", "bigserial", "hstore",
            "point", "box", "circle", "polygon", "tsvector", "bit", "interval[]"}
NO_STATEMENTS = {"savepoint", "release", "listen", "notify", "unlisten", "do", "cluster", "reindex", "discard",
                 "lock table"}
NO_FUNCTIONS = {"now", "clock_timestamp", "statement_timestamp", "generate_series", "octet_length_of", "array_agg",
                "string_agg", "json_agg", "to_json", "row_to_json", "array_to_string", "format", "gen_random_uuid",
                "json_build_object", "jsonb_build_object", "unnest"}


class Refused(Exception):
    def __init__(self, code, words):
        super().__init__(words)
        self.code = code
        self.words = words


class Token:
    __slots__ = ("kind", "text")

    def __init__(self, kind, text):
        self.kind = kind
        self.text = text

    @property
    def low(self):
        """A word or a quoted name as it compares."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text.lower()

    def __repr__(self):
        return f"{self.kind}:{self.text}"


def tokens(sql):
    return [Token(match.lastgroup, match.group()) for match in TOKEN.finditer(sql)]


def statements(sql):
    """The tokens of each statement of a script."""
    parts, part = [], []
    for token in tokens(sql):
        if token.kind == "symbol" and token.text == ";":
            parts.append(part)
            part = []
        else:
            part.append(token)
    parts.append(part)
    return [part for part in parts if any(t.kind != "space" for t in part)]


def words_of(part):
    return [token for token in part if token.kind != "space"]


def beginning(part, count=3):
    return [token.low for token in words_of(part)[:count]]


class Dialect:
    """One session's view: which late-binding views there are, and how names fold."""

    def __init__(self, views, single_node=False):
        #: {(schema, name): definition}
        self.views = views
        self.single_node = single_node
        self.is_case_sensitive = False
        self.open_cursors = set()

    def translate(self, sql):
        """PostgreSQL's text for a script; raises `Refused`."""
        return ";".join(self._one(part) for part in statements(sql))

    def _one(self, part):
        self._check(part)
        words = words_of(part)
        first = beginning(part)
        if first[:1] == ["set"] or first[:1] == ["reset"]:
            return self._setting(words, part)
        if first[:2] == ["show", "columns"]:
            return self._show_columns(words)
        if first[:1] == ["show"] and words[1:2] and words[1].low in OWN_SETTINGS:
            return f"SHOW redshift.{words[1].low}"
        if first[:2] == ["create", "external"] and len(words) > 2 and words[2].low == "table":
            return self._external_table(words)
        if first[:1] == ["create"]:
            part = self._without_distribution(part)
            self._late_binding(part)
        if first[:2] == ["drop", "view"]:
            gone = self._dropped_view(words)
            if gone:
                return gone
        return self._rewrite(part)

    # What is refused.

    def _check(self, part):
        words = words_of(part)
        low = [w.low if w.kind in ("word", "quoted") else w.text for w in words]
        plain = [w.low if w.kind == "word" else w.text for w in words]
        if plain[0] in NO_STATEMENTS:
            raise Refused("0A000", f"{plain[0].upper()} is not supported")
        if plain[0] == "copy" and "stdout" in plain:
            raise Refused("0A000", "COPY TO STDOUT is not supported; use UNLOAD")
        if plain[0] == "copy" and "stdin" in plain:
            raise Refused("0A000", "COPY FROM STDIN is not supported")
        if plain[0] == "declare":
            self._declare(plain)
        if plain[0] == "close":
            self.open_cursors.discard(plain[1] if len(plain) > 1 else "")
        if plain[0] in ("commit", "end", "rollback", "abort"):
            self.open_cursors.clear()
        if plain[0] == "fetch":
            self._fetch(plain)
        for index, word in enumerate(words):
            if word.kind == "symbol" and word.text == "[":
                raise Refused("0A000", "arrays are not supported")
            if word.kind != "word":
                continue
            before = plain[index - 1] if index else ""
            after = plain[index + 1] if index + 1 < len(plain) else ""
            if word.low in NO_TYPES and (before == "::" or before == "as" or self._is_definition(plain, index)):
                raise Refused("0A000", f'Column type "{word.low}" is not supported.')
            if word.low in NO_FUNCTIONS and after == "(":
                raise Refused("0A000", f"Specified types or functions (one per INFO message) not supported on "
                                       f"Redshift tables: {word.low}")
            if word.low == "values" and before == "(" and plain[0] != "insert":
                raise Refused("42601", 'syntax error at or near "VALUES"')
        if "skip" in low and "locked" in low:
            raise Refused("42601", 'syntax error at or near "SKIP"')

    @staticmethod
    def _is_definition(plain, index):
        return plain[:2] == ["create", "table"] and plain[index - 1] not in (",", "(", ".")

    def _declare(self, plain):
        if self.open_cursors:
            raise Refused("0A000", "Opening multiple cursors from within the same client connection is not allowed.")
        self.open_cursors.add(plain[1] if len(plain) > 1 else "")

    def _fetch(self, plain):
        numbers = [int(word) for word in plain if word.isdigit()]
        wanted = numbers[0] if numbers else (1 << 40 if "all" in plain else 1)
        if self.single_node and wanted > 1000:
            raise Refused("0A000", "Fetch size 1000 limit exceeded for a single node configuration. "
                                   "Reduce the client fetch/cache size or upgrade to a multi node installation")

    # What is rewritten.

    def _setting(self, words, part):
        index = 1
        while index < len(words) - 1 and words[index].low in ("session", "local"):
            index += 1
        name = words[index].low if index < len(words) else ""
        if words[0].low == "reset" or name == "authorization":
            return self._rewrite(part)
        if name == "characteristics":
            raise Refused("42601", 'syntax error at or near "CHARACTERISTICS"')
        if name not in SETTINGS:
            raise Refused("42704", f'unrecognized configuration parameter "{name}"')
        if name == "enable_case_sensitive_identifier":
            self.is_case_sensitive = words[-1].low.strip("'") in ("on", "true", "1")
        if name in OWN_SETTINGS:
            words[index].text = f"redshift.{name}"
        return "".join(token.text for token in part)

    def _show_columns(self, words):
        names = [w.low for w in words if w.kind in ("word", "quoted")][4:]
        schema, table = names[-2:]
        return ("SELECT * FROM svv_columns WHERE table_schema = '{}' AND table_name = '{}' ORDER BY ordinal_position"
                .format(schema.replace("'", "''"), table.replace("'", "''")))

    def _external_table(self, words):
        """Its files are not there: a table with its columns is."""
        depth, kept = 0, []
        for word in words[2:]:
            if word.text == "(":
                depth += 1
            kept.append(word)
            if word.text == ")":
                depth -= 1
                if depth == 0:
                    break
        name = [w.low for w in kept[1:kept.index(next(w for w in kept if w.text == "("))] if w.kind != "symbol"]
        body = " ".join(w.text for w in kept)
        return (f"CREATE {body}; INSERT INTO redshift.external_tables VALUES "
                f"('{name[-2]}', '{name[-1]}')")

    def _without_distribution(self, part):
        """DISTSTYLE, DISTKEY, SORTKEY, ENCODE: nothing to a single server."""
        kept, skip = [], 0
        words = [i for i, t in enumerate(part) if t.kind != "space"]
        for place, index in enumerate(words):
            low = part[index].low if part[index].kind == "word" else part[index].text
            if low == "compound" or low == "interleaved":
                skip = max(skip, 1)
            elif low in ("diststyle", "encode", "backup"):
                skip = max(skip, 2)
            elif low in ("distkey", "sortkey"):
                skip = max(skip, 1)
                if place + 1 < len(words) and part[words[place + 1]].text == "(":
                    depth, last = 0, place + 1
                    while last < len(words):
                        depth += {"(": 1, ")": -1}.get(part[words[last]].text, 0)
                        last += 1
                        if depth == 0:
                            break
                    skip = last - place
            if skip:
                skip -= 1
                kept.append(" ")
            else:
                kept.append(part[index].text)
            following = words[place + 1] if place + 1 < len(words) else len(part)
            kept += [t.text for t in part[index + 1:following]]
        return tokens("".join(kept))

    def _late_binding(self, part):
        """`CREATE VIEW … WITH NO SCHEMA BINDING` becomes an entry, whatever it names need not exist."""
        words = words_of(part)
        if [w.low for w in words[-4:]] != ["with", "no", "schema", "binding"]:
            return
        low = [w.low if w.kind == "word" else "" for w in words]
        start, body = low.index("view") + 1, low.index("as", low.index("view")) + 1
        name = [w.low for w in words[start:body - 1] if w.kind in ("word", "quoted")]
        first, last = part.index(words[body]), part.index(words[-4])
        definition = self._rewrite(part[first:last]).strip()
        schema = name[-2] if len(name) > 1 else "public"
        self.views[(schema, name[-1])] = definition

        def literal(value):
            return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        part[:] = tokens("INSERT INTO redshift.late_binding_views VALUES "
                         f"({literal(schema)}, {literal(name[-1])}, {literal(definition)})"
                         " ON CONFLICT (schema_name, view_name) DO UPDATE SET definition = excluded.definition")

    def _dropped_view(self, words):
        name = [w.low for w in words[2:] if w.kind in ("word", "quoted") and w.low not in ("if", "exists", "cascade")]
        key = (name[-2] if len(name) > 1 else "public", name[-1])
        if self.views.pop(key, None) is None:
            return None
        schema, view = (part.replace("'", "''") for part in key)
        return f"DELETE FROM redshift.late_binding_views WHERE schema_name = '{schema}' AND view_name = '{view}'"

    def _rewrite(self, part):
        out, index = [], 0
        while index < len(part):
            token = part[index]
            view, width = self._view_at(part, index)
            if view is not None:
                out.append(view)
                index += width
                continue
            out.append(self._token(token, part, index))
            index += 1
        return "".join(out)

    def _token(self, token, part, index):
        if token.kind == "quoted" and not self.is_case_sensitive:
            return token.text.lower()
        if token.kind != "word":
            return token.text
        low = token.low
        following = next((t for t in part[index + 1:] if t.kind != "space"), None)
        if low == "set_config" and following and following.text == "(":
            self._own_setting(part, index)
            return token.text
        if low == "sysdate":
            return "redshift.sysdate()"
        if low == "version" and following and following.text == "(":
            return "redshift.version"
        if low == "max" and self._inside_varchar(part, index):
            return "65535"
        if low == "information_schema" and following and following.text == ".":
            return "redshift_information_schema"
        return token.text

    @staticmethod
    def _own_setting(part, index):
        """`set_config('query_group', …)` with the prefix that the setting is kept under."""
        name = next((t for t in part[index + 1:] if t.kind == "string"), None)
        if name and name.text.strip("'").lower() in OWN_SETTINGS:
            name.text = f"'redshift.{name.text[1:]}"

    @staticmethod
    def _inside_varchar(part, index):
        before = [t.low for t in part[:index] if t.kind != "space"][-2:]
        return len(before) == 2 and before[1] == "(" and before[0] in ("varchar", "varying", "nvarchar")

    def _view_at(self, part, index):
        """The subquery that stands for a late-binding view's name after FROM, JOIN or a comma."""
        if not self.views or part[index].kind not in ("word", "quoted"):
            return None, 0
        before = [t for t in part[:index] if t.kind != "space"][-1:]
        if not before or before[0].low not in ("from", "join", ","):
            return None, 0
        name, at = [part[index].low], index + 1
        while at + 1 < len(part) and part[at].text == "." and part[at + 1].kind in ("word", "quoted"):
            name.append(part[at + 1].low)
            at += 2
        if not self.is_case_sensitive:
            name = [n.lower() for n in name]
        schema = name[-2] if len(name) > 1 else "public"
        definition = self.views.get((schema, name[-1]))
        if definition is None:
            return None, 0
        rest = [t for t in part[at:] if t.kind != "space"][:1]
        has_alias = rest and (rest[0].low == "as" or (rest[0].kind in ("word", "quoted") and rest[0].low not in (
            "where", "order", "group", "limit", "join", "left", "inner", "on", "union", "having", "offset")))
        alias = "" if has_alias else ' AS "' + name[-1].replace('"', '""') + '"'
        return f"({definition}){alias}", at - index
