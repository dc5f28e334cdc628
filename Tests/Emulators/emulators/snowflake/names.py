"""Names: Snowflake tells `a` from `A` where they are quoted, DuckDB never does; so names with small letters are
spelled in hexadecimal there."""

from sqlglot import exp


def folded(identifier):
    """The exact name that an identifier means."""
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def mangled(name):
    return name if name == name.upper() and not name.startswith("$") else "$" + name.encode().hex().upper()


def unmangled(name):
    return bytes.fromhex(name[1:]).decode() if name.startswith("$") else name


def space(database, schema):
    """The DuckDB schema that stands for a schema of a database; no mangled name begins with a slash, and this one is
    its own mangled form."""
    return f"/{mangled(database)}.{mangled(schema)}"


def identifier(name):
    return exp.Identifier(this=name, quoted=True)


def printed(*parts):
    """A name as Snowflake prints it: in quotes where it needs them."""
    return ".".join(p if p.upper() == p and p.replace("_", "A").isalnum() else f'"{p}"' for p in parts)
