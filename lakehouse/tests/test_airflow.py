"""The DAG of examples/airflow, imported by a real Airflow; and what its audit runs."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from host import BRONZEGATE, ROOT

AIRFLOW = Path(os.environ["LAKEHOUSE_AIRFLOW"])
LOOK = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder="examples/airflow")
assert not bag.import_errors, bag.import_errors
(dag,) = bag.dags.values()
tasks = [
    {"kind": type(it).__name__, "id": it.task_id, "then": sorted(it.downstream_task_ids),
     "job": getattr(it, "job_name", None), "command": getattr(it, "bash_command", None),
     "environment": getattr(it, "env", None)}
    for it in dag.topological_sort()
]
print("DAG " + json.dumps({"id": dag.dag_id, "catchup": dag.catchup, "tasks": tasks}))
"""


@pytest.fixture(scope="module")
def dag(tmp_path_factory) -> dict:
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "PYTHONPATH": ""}
    looked = subprocess.run(
        [AIRFLOW / "bin" / "python", "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert looked.returncode == 0, looked.stderr
    (line,) = [it for it in looked.stdout.splitlines() if it.startswith("DAG ")]
    return json.loads(line.removeprefix("DAG "))


def test_the_update_is_triggered_and_then_audited(dag):
    update, audit = dag["tasks"]
    assert (update["kind"], update["then"]) == ("DatabricksRunNowOperator", ["audit"])
    assert f'name: {update["job"]}\n' in (ROOT / "lakehouse/resources/jobs.yml").read_text()
    assert (audit["kind"], audit["then"]) == ("BashOperator", [])
    assert dag["catchup"] is False


def test_the_audits_command_tells_a_sound_lake_from_one_with_a_gap(dag, tmp_path):
    _, audit = dag["tasks"]
    lake = tmp_path / "lake"
    subprocess.run([BRONZEGATE, "local", "--events", "3000", "--lake", lake, "--quiet"], cwd=ROOT, check=True)
    assert audit["environment"] == {"LANDING_URL": "{{ var.value.bronzegate_landing_url }}"}
    environment = {"PATH": f"{BRONZEGATE.parent}:{os.environ['PATH']}", "LANDING_URL": f"file://{lake}"}
    # the lake's events are of a day long past
    command = audit["command"].replace("--since 2d", "--since 2026-01-01")
    assert command != audit["command"]
    assert subprocess.run(["bash", "-c", command], env=environment, check=False).returncode == 0
    sorted(lake.glob("bronze/**/2-*.json.gz"))[1].unlink()
    assert subprocess.run(["bash", "-c", command], env=environment, check=False).returncode == 1
