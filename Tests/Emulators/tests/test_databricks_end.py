"""The emulator's process ends at once, also while a large result is being made."""

import json
import ssl
import time
import urllib.request

from .databricks_process import DatabricksProcess


def test_it_ends_while_a_result_is_made():
    process = DatabricksProcess()
    workspace = process.workspace()
    workspace.sql("CREATE TABLE t AS SELECT id AS n, repeat('x', 200) AS x FROM range(3000000) AS s(id)")
    request = urllib.request.Request(
        workspace.says["address"] + "/api/2.0/sql/statements",
        json.dumps({"warehouse_id": workspace.warehouse_id, "statement": "SELECT * FROM t", "wait_timeout": "0s",
                    "disposition": "EXTERNAL_LINKS"}).encode(),
        {"Authorization": f"Bearer {workspace.token}", "Content-Type": "application/json"})
    context = ssl.create_default_context(cafile=workspace.says["caFile"])
    with urllib.request.urlopen(request, context=context):
        pass
    time.sleep(0.5)
    begin = time.monotonic()
    process.stop()
    assert time.monotonic() - begin < 8
