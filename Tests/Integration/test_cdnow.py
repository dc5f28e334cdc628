"""Real purchases, with the traps of real data, from PostgreSQL to the profile store."""

import decimal
import os
import pathlib

import pytest
from support import cdnow
from support.house import REPOSITORY, House
from support.postgres import PrivateCluster

CSV = pathlib.Path(os.environ.get("CDNOW_CSV", REPOSITORY.parent / "shared/data/cdnow_sample.csv"))


@pytest.mark.skipif(not CSV.is_file(), reason=f"no file {CSV}; CDNOW_CSV may name it")
def test_every_purchase_is_applied_exactly_once(tmp_path):
    with PrivateCluster() as postgres, House(tmp_path) as house:
        result = cdnow.sync_purchases(house, postgres, CSV)
    assert result == {"rows": 6919, "profiles": 2357, "revenue": decimal.Decimal("244091.94")}
