"""The API's own description as a schema: every member that comes is described there, and of the described type."""

import importlib.resources
import json

import jsonschema


class Discovery:
    """Of google-api-python-client's package, as Google publishes it."""

    def __init__(self):
        folder = importlib.resources.files("googleapiclient") / "discovery_cache" / "documents"
        document = json.loads((folder / "bigquery.v2.json").read_text())
        self._definitions = {name: self._converted(schema) for name, schema in document["schemas"].items()}

    def _converted(self, schema):
        if "$ref" in schema:
            # A cell's value may be anything; the reference says object.
            return {"$ref": f"#/$defs/{schema['$ref']}"}
        kind = schema.get("type")
        if kind == "any":
            return {}
        result = {"type": kind}
        if kind == "object":
            result["properties"] = {k: self._converted(v) for k, v in schema.get("properties", {}).items()}
            more = schema.get("additionalProperties")
            if more is not None:
                result["additionalProperties"] = self._converted(more)
            elif schema.get("properties"):
                result["additionalProperties"] = False
        if kind == "array":
            result["items"] = self._converted(schema["items"])
        if kind == "string" and schema.get("format") in ("int64", "uint64"):
            result["pattern"] = "^-?[0-9]+$"
        return result

    def check(self, name, body):
        jsonschema.validate(body, {"$ref": f"#/$defs/{name}", "$defs": self._definitions})
