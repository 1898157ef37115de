"""Updates the tables, and then proves the lake: for those who have Airflow already.

The bundle's own schedule is paused for it (`databricks bundle deploy --var schedule_status=PAUSED`).
It needs the connection `databricks_default`, the variable `bronzegate_landing_url`, and `bronzegate`
on the worker's path with a login that may read the lake.
"""

from datetime import datetime, timedelta

from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "bronzegate",
    doc_md=__doc__,
    schedule="0,30 * * * *",
    start_date=datetime(2026, 1, 1),
    # an update reads all that has landed since: what was missed needs no run of its own
    catchup=False,
    max_active_runs=1,
) as dag:
    update = DatabricksRunNowOperator(
        task_id="update",
        job_name="bronzegate update",
        retries=2,
        retry_delay=timedelta(minutes=5),
    )
    # 1 says that something is not accounted for: it would be so on a second try, too
    audit = BashOperator(
        task_id="audit",
        bash_command="bronzegate audit --since 2d",
        env={"LANDING_URL": "{{ var.value.bronzegate_landing_url }}"},
        append_env=True,
        retries=0,
    )
    update >> audit
