"""Statements about the account's own objects: roles, users, warehouses, grants, network policies, DESC and SHOW.

Read from the tokens, as sqlglot has no trees for most of them.
"""

import re

from sqlglot.dialects.snowflake import Snowflake
from sqlglot.tokens import TokenType

from . import errors, names, objects, results, tokens, types

KINDS = {"DATABASE", "SCHEMA", "TABLE", "VIEW", "WAREHOUSE"}


class Words:
    """A statement's tokens, with a place in them."""

    def __init__(self, text):
        self.tokens = Snowflake().tokenize(text)
        if self.tokens and self.tokens[-1].token_type == TokenType.SEMICOLON:
            self.tokens.pop()
        self.place = 0

    @property
    def ended(self):
        return self.place >= len(self.tokens)

    def peek(self, ahead=0):
        """The token's text in capitals unless it is quoted; "" at the end."""
        place = self.place + ahead
        if place >= len(self.tokens):
            return ""
        token = self.tokens[place]
        return token.text if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.upper()

    def take(self, *words):
        """Moves past the words if they come next."""
        if all(self.peek(n) == word and not self._is_quoted(n) for n, word in enumerate(words)):
            self.place += len(words)
            return True
        return False

    def _is_quoted(self, ahead):
        place = self.place + ahead
        return place < len(self.tokens) and self.tokens[place].token_type in (
            TokenType.STRING, TokenType.IDENTIFIER)

    def expect(self, *words):
        if not self.take(*words):
            raise errors.syntax(f"unexpected '{self.peek() or '<EOF>'}', expected {' '.join(words)}.")

    def one_of(self, words):
        for word in words:
            if self.take(word):
                return word
        raise errors.syntax(f"unexpected '{self.peek() or '<EOF>'}'.")

    def name(self):
        """One name, exact."""
        if self.ended:
            raise errors.syntax("unexpected '<EOF>'.")
        word = self.peek()
        self.place += 1
        return word

    def dotted(self):
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return parts

    def properties(self):
        """`NAME = value` until the end, lists in parentheses."""
        found = {}
        while not self.ended:
            self.take(",")
            key = self.name()
            self.expect("=")
            if self.take("("):
                values = []
                while not self.take(")"):
                    values.append(self.name())
                    self.take(",")
                found[key] = values
            else:
                value = self.name()
                while self.take("."):
                    value += "." + self.name()
                found[key] = value
        return found

    def finish(self):
        if not self.ended:
            raise errors.syntax(f"unexpected '{self.peek()}'.")


class Administration:
    """Runs such statements for an account. `run` answers None for a statement that is another's."""

    def __init__(self, account):
        self.account = account

    def run(self, text, context):
        words = Words(text)
        first = words.peek()
        second = words.peek(1) if first != "CREATE" else next(
            (words.peek(n) for n in range(1, 4) if words.peek(n) not in ("OR", "REPLACE")), "")
        if first == "CREATE" and second in ("DATABASE", "SCHEMA", "ROLE", "WAREHOUSE", "USER", "NETWORK"):
            return self._create(words, context)
        if first == "ALTER" and second in ("WAREHOUSE", "USER", "NETWORK", "ACCOUNT"):
            return self._alter(words, context)
        if first == "DROP" and second in ("DATABASE", "SCHEMA", "ROLE", "WAREHOUSE", "USER"):
            return self._drop(words, context)
        if first in ("GRANT", "REVOKE"):
            return self._grant(words, context)
        if first in ("DESC", "DESCRIBE"):
            return self._describe(words, context)
        if first == "SHOW":
            return self._show(words, context)
        return None

    def _admin(self, context, kind, name):
        if not self.account.grants.allows(context.role, ("OWNERSHIP",), kind, name):
            raise errors.insufficient(kind.lower(), name)

    def _create(self, words, context):
        words.expect("CREATE")
        replace = words.take("OR", "REPLACE")
        kind = words.one_of(["DATABASE", "SCHEMA", "ROLE", "WAREHOUSE", "USER", "NETWORK"])
        if kind == "NETWORK":
            words.expect("POLICY")
        unless = words.take("IF", "NOT", "EXISTS")
        parts = words.dotted()
        name = ".".join(parts)
        self._admin(context, "ACCOUNT", self.account.name)
        place = {"DATABASE": self.account.databases, "ROLE": self.account.roles,
                 "WAREHOUSE": self.account.warehouses, "USER": self.account.users,
                 "NETWORK": self.account.policies.lists}.get(kind)
        if kind == "SCHEMA":
            database = parts[0] if len(parts) > 1 else context.database
            if database not in self.account.databases:
                raise errors.no_object("Database", database)
            exists = parts[-1] in self.account.databases[database]
        else:
            exists = name in place
        if exists and unless:
            return results.status(f"{name} already exists, statement succeeded.")
        if exists and not replace:
            raise errors.compilation("002002", "42710", f"Object '{name}' already exists.")
        match kind:
            case "DATABASE":
                words.finish()
                self.account.create_database(name)
            case "SCHEMA":
                words.finish()
                self.account.create_schema(database, parts[-1])
            case "ROLE":
                words.finish()
                self.account.roles[name] = {}
            case "WAREHOUSE":
                words.take("WITH")
                warehouse = objects.Warehouse(name)
                self._set_warehouse(warehouse, words.properties())
                place[name] = warehouse
            case "USER":
                user = objects.User(name, name)
                self._set_user(user, words.properties())
                place[name] = user
            case "NETWORK":
                values = words.properties()
                place[name] = (values.get("ALLOWED_IP_LIST", []), values.get("BLOCKED_IP_LIST", []))
        title = "Network policy" if kind == "NETWORK" else kind.capitalize()
        return results.status(f"{title} {name} successfully created.")

    @staticmethod
    def _set_warehouse(warehouse, values):
        for key, value in values.items():
            match key:
                case "AUTO_RESUME": warehouse.auto_resume = value == "TRUE"
                case "AUTO_SUSPEND": warehouse.auto_suspend = int(value)
                case "INITIALLY_SUSPENDED": warehouse.suspended = value == "TRUE"
                case "WAREHOUSE_SIZE": warehouse.size = value
                case "COMMENT": pass
                case _: raise errors.compilation("001003", "42000", f"invalid property '{key}' for 'WAREHOUSE'")

    @staticmethod
    def _set_user(user, values):
        for key, value in values.items():
            match key:
                case "RSA_PUBLIC_KEY" | "RSA_PUBLIC_KEY_2":
                    try:
                        user.public_keys[key] = tokens.PublicKey(value)
                    except ValueError:
                        raise errors.SnowflakeError(
                            "003562", "42601", "New public key rejected by current policy. Reason: "
                            "'Invalid public key'") from None
                case "LOGIN_NAME": user.login_name = value.upper()
                case "DEFAULT_ROLE": user.default_role = value
                case "DEFAULT_WAREHOUSE": user.default_warehouse = value
                case "DEFAULT_NAMESPACE": user.default_namespace = value
                case "TIMEZONE": user.timezone = value
                case "NETWORK_POLICY": user.network_policy = value
                case "DISABLED": user.disabled = value == "TRUE"
                case "TYPE" | "COMMENT" | "DISPLAY_NAME": pass
                case _: raise errors.compilation("001003", "42000", f"invalid property '{key}' for 'USER'")

    def _alter(self, words, context):
        words.expect("ALTER")
        kind = words.one_of(["WAREHOUSE", "USER", "NETWORK", "ACCOUNT"])
        match kind:
            case "WAREHOUSE": return self._alter_warehouse(words, context)
            case "USER":
                name = words.name()
                user = self.account.users.get(name)
                if user is None:
                    raise errors.no_object("User", name)
                self._admin(context, "USER", name)
                if words.take("UNSET"):
                    while not words.ended:
                        words.take(",")
                        user.public_keys.pop(words.name(), None)
                else:
                    words.expect("SET")
                    self._set_user(user, words.properties())
            case "NETWORK":
                words.expect("POLICY")
                name = words.name()
                self._admin(context, "ACCOUNT", self.account.name)
                if name not in self.account.policies.lists:
                    raise errors.no_object("Network policy", name)
                words.expect("SET")
                values = words.properties()
                allowed, blocked = self.account.policies.lists[name]
                self.account.policies.lists[name] = (
                    values.get("ALLOWED_IP_LIST", allowed), values.get("BLOCKED_IP_LIST", blocked))
            case "ACCOUNT":
                self._admin(context, "ACCOUNT", self.account.name)
                words.expect("SET")
                self.account.network_policy = words.properties().get("NETWORK_POLICY")
        return results.status("Statement executed successfully.")

    def _alter_warehouse(self, words, context):
        unless = words.take("IF", "EXISTS")
        name = words.name()
        warehouse = self.account.warehouses.get(name)
        allows = self.account.grants.allows
        if warehouse is None or not allows(
                context.role, ("USAGE", "OPERATE", "MODIFY", "MONITOR"), "WAREHOUSE", name):
            if unless:
                return results.status("Statement executed successfully.")
            raise errors.no_object("Warehouse", name)
        verb = words.one_of(["RESUME", "SUSPEND", "SET"])
        needed = "MODIFY" if verb == "SET" else "OPERATE"
        if not allows(context.role, (needed,), "WAREHOUSE", name):
            raise errors.insufficient("warehouse", name)
        match verb:
            case "RESUME":
                if not words.take("IF", "SUSPENDED") and not warehouse.suspended:
                    raise errors.SnowflakeError(
                        "090063", "22000", f"Invalid state. Warehouse '{name}' cannot be resumed.")
                words.finish()
                if warehouse.over_quota:
                    raise errors.quota(name)
                warehouse.suspended = False
                self.account.journal.count("warehouse resumed")
            case "SUSPEND":
                warehouse.suspended = True
            case "SET":
                self._set_warehouse(warehouse, words.properties())
        return results.status("Statement executed successfully.")

    def _drop(self, words, context):
        words.expect("DROP")
        kind = words.one_of(["DATABASE", "SCHEMA", "ROLE", "WAREHOUSE", "USER"])
        unless = words.take("IF", "EXISTS")
        parts = words.dotted()
        words.finish()
        self._admin(context, "ACCOUNT", self.account.name)
        if not self.account.drop(kind, parts, context) and not unless:
            raise errors.no_object(kind.capitalize(), ".".join(parts))
        return results.status(f"{'.'.join(parts)} successfully dropped.")

    def _grant(self, words, context):
        gives = words.one_of(["GRANT", "REVOKE"]) == "GRANT"
        grants = self.account.grants
        self._admin(context, "ACCOUNT", self.account.name)
        if words.take("ROLE"):
            role = self._role(words.name())
            words.expect("TO" if gives else "FROM")
            kind = words.one_of(["USER", "ROLE"])
            name = words.name()
            words.finish()
            if kind == "USER":
                user = self.account.users.get(name)
                if user is None:
                    raise errors.no_object("User", name)
                (user.roles.add if gives else user.roles.discard)(role)
            else:
                grants.grant_role(role, self._role(name))
            return results.status("Statement executed successfully.")
        privileges = [words.name()]
        while words.take(","):
            privileges.append(words.name())
        words.expect("ON")
        kind = words.one_of(sorted(KINDS))
        parts = self._qualified(kind, words.dotted(), context)
        if not self.account.has(kind, parts):
            raise errors.no_object("Object" if kind in ("TABLE", "VIEW") else kind.capitalize(), ".".join(parts))
        words.expect("TO" if gives else "FROM")
        words.take("ROLE")
        role = self._role(words.name())
        words.finish()
        for privilege in privileges:
            (grants.grant if gives else grants.revoke)(
                role, privilege, "TABLE" if kind == "VIEW" else kind, ".".join(parts))
        return results.status("Statement executed successfully.")

    def _qualified(self, kind, parts, context):
        wanted = {"SCHEMA": 2, "TABLE": 3, "VIEW": 3}.get(kind, 1)
        known = [context.database, context.schema][:wanted - 1]
        missing = wanted - len(parts)
        if missing > 0:
            if None in known[:missing]:
                raise errors.cannot_perform("Object")
            parts = known[:missing] + parts
        return parts

    def _role(self, name):
        if name not in self.account.roles:
            raise errors.no_object("Role", name)
        return name

    def _describe(self, words, context):
        words.place += 1
        if words.take("USER"):
            name = words.name()
            user = self.account.users.get(name)
            if user is None or (user.name != context.user and context.role != "ACCOUNTADMIN"):
                raise errors.no_object("User", name)
            keys = [(f"{place}_FP", user.public_keys[place].fingerprint if place in user.public_keys else "null")
                    for place in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")]
            rows = [("NAME", user.name), ("LOGIN_NAME", user.login_name), *keys]
            return results.of_rows([("property", results.TEXT), ("value", results.TEXT)], rows)
        words.one_of(["TABLE", "VIEW"])
        parts = self._qualified("TABLE", words.dotted(), context)
        words.finish()
        self.account.authorize([tuple(parts)], context)
        rows = [(names.unmangled(column[0]), types.of(column[1]).spelling, "COLUMN",
                 "Y" if column[2] == "YES" else "N", None, "N", "N", None, None, None)
                for column in self.account.describe(parts)]
        fields = ["name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression",
                  "comment"]
        return results.of_rows([(field, results.TEXT) for field in fields], rows)

    def _show(self, words, context):
        words.expect("SHOW")
        words.expect("WAREHOUSES")
        wanted = words.name() if words.take("LIKE") else None
        words.finish()
        rows = [(w.name, "SUSPENDED" if w.suspended else "STARTED", "STANDARD", w.size, w.auto_suspend,
                 "true" if w.auto_resume else "false") for w in self.account.warehouses.values()
                if (wanted is None or like(wanted, w.name)) and self.account.grants.allows(
                    context.role, ("USAGE", "OPERATE", "MONITOR", "MODIFY"), "WAREHOUSE", w.name)]
        fields = [("name", results.TEXT), ("state", results.TEXT), ("type", results.TEXT), ("size", results.TEXT),
                  ("auto_suspend", results.NUMBER), ("auto_resume", results.TEXT)]
        return results.of_rows(fields, rows)


def like(pattern, name):
    """SHOW's LIKE: without regard to case, with % and _ and a backslash before what is meant as it is."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    text = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(text, name, re.IGNORECASE | re.DOTALL) is not None
