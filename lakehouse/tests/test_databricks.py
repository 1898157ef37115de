"""What is said to Databricks where the pipeline runs there. It is not run: its calls are recorded."""

import importlib
import sys
from unittest.mock import MagicMock

import pytest
from host import ROOT


@pytest.fixture
def databricks(monkeypatch):
    """The transformations' modules as Databricks has them: with expectations and AutoCDC."""
    from pyspark import pipelines

    platform = MagicMock(spec=[*pipelines.__all__, "expect_all_or_drop", "expect_all_or_fail"])
    # decorators hand on what they decorate
    for name in ("table", "materialized_view", "temporary_view", "expect_all_or_drop", "expect_all_or_fail"):
        getattr(platform, name).side_effect = lambda *_, **__: lambda query: query
    monkeypatch.setattr("pyspark.pipelines", platform, raising=True)
    monkeypatch.setitem(sys.modules, "pyspark.pipelines", platform)
    monkeypatch.syspath_prepend(str(ROOT / "lakehouse" / "transformations"))
    # where no session is, columns can't be made: what is recorded are calls alone
    monkeypatch.setattr("pyspark.sql.SparkSession.active", MagicMock(return_value=MagicMock()))
    monkeypatch.setattr("pyspark.sql.functions.col", MagicMock())
    monkeypatch.setattr("pyspark.sql.functions.lit", MagicMock())
    _forget()
    yield platform
    _forget()


def _forget():
    own = ("pipeline", "bronze", "silver_", "gold")
    for name in [it for it in sys.modules if it.startswith(own)]:
        del sys.modules[name]


def test_auto_loader_reads_the_lake(databricks):
    source = importlib.import_module("pipeline.source")
    assert source.ON_DATABRICKS
    session = sys.modules["pyspark.sql"].SparkSession.active.return_value
    session.conf.get.return_value = "abfss://lake@account.dfs.core.windows.net/"
    reader = session.readStream.format.return_value
    reader.option.return_value = reader
    source.landed("bronze", "_sequence BIGINT, body STRING")
    session.readStream.format.assert_called_once_with("cloudFiles")
    assert dict(call.args for call in reader.option.call_args_list) == {
        "cloudFiles.format": "json",
        "cloudFiles.useManagedFileEvents": "true",
        "cloudFiles.schemaHints": "_sequence BIGINT, body STRING",
        "cloudFiles.schemaEvolutionMode": "rescue",
        "rescuedDataColumn": "_rescued_data",
        "cloudFiles.partitionColumns": "",
    }
    reader.load.assert_called_once_with("abfss://lake@account.dfs.core.windows.net/bronze")


def test_expectations_are_the_platforms(databricks):
    expectations = importlib.import_module("pipeline.expectations")
    importlib.import_module("silver_transactions")
    databricks.expect_all_or_drop.assert_called_once_with(expectations.TRANSACTION)
    importlib.import_module("silver_checks")
    databricks.expect_all_or_fail.assert_called_once_with(expectations.LANDING)


def test_orders_are_merged_by_auto_cdc(databricks):
    importlib.import_module("silver_orders")
    flows = [call.kwargs for call in databricks.create_auto_cdc_flow.call_args_list]
    assert [(it["target"], it["source"]) for it in flows] == [
        ("order_status", "order_status_changes"),
        ("order_lines", "order_lines_changes"),
        ("order_customers", "order_customers_changes"),
    ]
    for flow in flows:
        assert (flow["keys"], flow["sequence_by"], flow["stored_as_scd_type"]) == (["order_id"], "position", 1)
    made = [call.args[0] for call in databricks.create_streaming_table.call_args_list]
    assert made == [it["target"] for it in flows]
