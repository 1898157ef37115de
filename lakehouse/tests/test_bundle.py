"""The bundle: its files, variables and queries fit together and fit the tables."""

import json
import re

import duckdb
import pytest
import yaml
from deltalake import DeltaTable
from host import ROOT

HOME = ROOT / "lakehouse"
RESOURCES = {it.stem: yaml.safe_load(it.read_text())["resources"] for it in (HOME / "resources").glob("*.yml")}
BUNDLE = yaml.safe_load((HOME / "databricks.yml").read_text())
DASHBOARD = json.loads((HOME / "dashboards" / "sales.lvdash.json").read_text())


def texts(value):
    """All strings in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for it in value for text in texts(it)]
    return [value] if isinstance(value, str) else []


def test_every_variable_is_declared_and_used():
    used = {name for text in texts([BUNDLE, RESOURCES]) for name in re.findall(r"\$\{var\.(\w+)\}", text)}
    assert used == BUNDLE["variables"].keys()
    for target in BUNDLE["targets"].values():
        assert target["variables"].keys() <= BUNDLE["variables"].keys()


def test_every_resource_that_is_named_is_there():
    kinds = {kind: all.keys() for it in RESOURCES.values() for kind, all in it.items()}
    named = {it for text in texts(RESOURCES) for it in re.findall(r"\$\{resources\.(\w+)\.(\w+)\.", text)}
    assert named
    assert all(name in kinds[kind] for kind, name in named)


def test_every_file_that_is_named_is_there():
    dashboard = RESOURCES["dashboard"]["dashboards"]["sales"]["file_path"]
    assert (HOME / "resources" / dashboard).is_file()
    (library,) = RESOURCES["pipeline"]["pipelines"]["bronzegate"]["libraries"]
    folder = library["glob"]["include"].removesuffix("/**")
    assert list((HOME / "resources" / folder).glob("*.py"))
    # the same files that run here
    spec = yaml.safe_load((HOME / "spark-pipeline.yml").read_text())
    assert f"../{spec['libraries'][0]['glob']['include']}" == library["glob"]["include"]
    for pattern in BUNDLE["sync"]["exclude"]:
        assert list(HOME.glob(pattern)), pattern


def test_every_setting_that_the_bundle_gives_is_read():
    given = RESOURCES["pipeline"]["pipelines"]["bronzegate"]["configuration"].keys()
    code = "".join(it.read_text() for it in HOME.glob("*/*.py") if it.parent.name in ("pipeline", "transformations"))
    read = {f"spark.bronzegate.{name}" for name in re.findall(r'setting\("(\w+)"', code)}
    assert read == {it for it in given if it.startswith("spark.bronzegate.")}


@pytest.mark.parametrize("dataset", DASHBOARD["datasets"], ids=lambda it: it["name"])
def test_the_dashboards_queries_run_over_the_tables(story, dataset):
    connection = duckdb.connect()
    for folder in (story.out / "tables").iterdir():
        connection.register(folder.name, DeltaTable(str(folder)).to_pyarrow_table())
    query = "".join(dataset["queryLines"]).replace("`", '"')
    found = connection.sql(query).to_arrow_table()
    assert found.num_rows > 0
    connection.register("dataset", found)
    widgets = [it["widget"] for page in DASHBOARD["pages"] for it in page["layout"]]
    queries = [query["query"] for it in widgets for query in it["queries"]]
    mine = [it for it in queries if it["datasetName"] == dataset["name"]]
    assert mine
    for fields in (it["fields"] for it in mine):
        expressions = ", ".join(it["expression"] for it in fields).replace('"', "'").replace("`", '"')
        by = [it["expression"] for it in fields if not it["expression"].startswith(("SUM(", "MAX("))]
        grouped = " GROUP BY " + ", ".join(by).replace('"', "'").replace("`", '"') if by else ""
        connection.sql(f"SELECT {expressions} FROM dataset{grouped}").fetchall()


def test_widgets_show_fields_that_they_ask_for():
    for page in DASHBOARD["pages"]:
        places = set()
        for item in page["layout"]:
            asked = {field["name"] for it in item["widget"]["queries"] for field in it["query"]["fields"]}
            shown = set(re.findall(r'"fieldName": "([^"]+)"', json.dumps(item["widget"]["spec"])))
            assert shown == asked
            at = item["position"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["width"]) for y in range(at["height"])}
            assert not cells & places and max(x for x, _ in cells) < 6
            places |= cells
