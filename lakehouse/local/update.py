"""One update of the pipeline, as `spark-pipelines run` does it."""

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]


class UpdateFailed(Exception):
    """The update ended with an error; its log says which."""


def update(lake: str, out: Path, jars: Path, settings: dict[str, str] | None = None) -> None:
    """Brings the tables under `out/tables` up to date with a lake, a folder or a URL.

    `settings` are the pipeline's own (`messages`) or Spark's (`spark.…`), as those of hadoop-azure
    (`spark.hadoop.fs.azure.…`) where the lake is a container.
    """
    out = out.resolve()
    (out / "conf").mkdir(parents=True, exist_ok=True)
    (out / "conf" / "spark-defaults.conf").write_text(_spark(out, jars, settings or {}))
    # the pipeline's files are looked for beside its specification
    (out / "transformations").unlink(missing_ok=True)
    (out / "transformations").symlink_to(HOME / "transformations")
    (out / "spark-pipeline.yml").write_text(_pipeline(lake, out, settings or {}))
    log = out / "update.log"
    with log.open("w") as file:
        # it looks for `python` on the path, and reads this folder from the environment
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(HOME),
            "SPARK_CONF_DIR": str(out / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        command = ["spark-pipelines", "run", "--spec", str(out / "spark-pipeline.yml")]
        streams = {"stdout": file, "stderr": subprocess.STDOUT}
        ended = subprocess.run(command, cwd=out, env=environment, check=False, **streams)
    if ended.returncode:
        raise UpdateFailed(f"the update failed; see {log}:\n{_errors(log)}")


def _pipeline(lake: str, out: Path, settings: dict[str, str]) -> str:
    text = (HOME / "spark-pipeline.yml").read_text()
    settings = {"lake": lake} | settings
    lines = [f"storage: file://{out}/storage", "configuration:"]
    for name, value in settings.items():
        if name.startswith("spark.hadoop."):
            continue
        name = name if name.startswith("spark.") else f"spark.bronzegate.{name}"
        lines.append(f'  {name}: "{value}"')
    return text + "\n".join(lines) + "\n"


def _spark(out: Path, jars: Path, settings: dict[str, str]) -> str:
    # files are read by settings that Spark has from the start
    hadoop = {name: value for name, value in settings.items() if name.startswith("spark.hadoop.")}
    settings = hadoop | {
        "spark.jars": ",".join(str(it) for it in sorted(jars.resolve().glob("*.jar"))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        # the tables are known from update to update
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={out}/metastore;create=true",
        "spark.sql.warehouse.dir": f"{out}/tables",
        "spark.sql.session.timeZone": "UTC",
        # much small work on two cores: what would make code fast costs more than it saves
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.subexpressionElimination.enabled": "false",
        # a task for each folder of the lake takes longer than the listing
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        "spark.databricks.delta.stats.collect": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # the pipeline's own server listens on every interface where nothing else is said
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _errors(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    said = [line for line in lines if "Error: " in line or "Exception: " in line]
    return "\n".join(line[:500] for line in said[-6:] or lines[-6:])
