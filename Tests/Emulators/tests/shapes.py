"""Checks a JSON body against a schema of an OpenAPI 3.0 file."""

import jsonschema
import yaml


class Shapes:
    def __init__(self, path):
        self._schemas = yaml.safe_load(path.read_text())["components"]["schemas"]

    def check(self, name, body, ignore_null=()):
        """Raises where `body` is not a `name`. The service answers null for the members `ignore_null` of a
        column that have no meaning for its type, which the vendor's file forgot to allow."""
        jsonschema.validate(body, self._converted(self._schemas[name], frozenset(ignore_null)))

    def _converted(self, schema, ignore_null):
        """OpenAPI 3.0 says `nullable: true` where JSON Schema says `null` among the types."""
        result = {k: v for k, v in schema.items() if k not in ("nullable", "example", "format")}
        if "properties" in schema:
            result["properties"] = {
                k: self._nullable(self._converted(v, ignore_null), k in ignore_null)
                for k, v in schema["properties"].items()}
        if "items" in schema:
            result["items"] = self._converted(schema["items"], ignore_null)
        return self._nullable(result, schema.get("nullable") is True)

    @staticmethod
    def _nullable(schema, is_nullable):
        if is_nullable and isinstance(schema.get("type"), str):
            return {**schema, "type": [schema["type"], "null"]}
        return schema
