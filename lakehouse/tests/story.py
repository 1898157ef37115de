"""A lake and its tables, in two increments: what happens before the tests look."""

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from host import ROOT, Handler, bronzegate
from inputs import ACCEPTED, Hub, first_half, generated, leading_zero, lines, second_half
from local.tables import Tables
from local.update import update

JARS = Path(os.environ["LAKEHOUSE_JARS"])
TABLES = """
    orders_bronze rejections_bronze order_transactions sales order_events order_status order_lines
    order_customers orders rejections_open landing_check quarantine expectation_counts
    sales_by_day_and_country sales_by_product customers rejections_by_day freshness
""".split()


@dataclass
class Run:
    """What was sent until an update, and the tables after it."""

    shop: list  # lines that `bronzegate local` sent from a file, and its generator's own
    hub: list  # events that were posted to the handler
    tables: dict[str, list[dict]]
    out: Path
    generated: list  # of the lines those of the generator

    @property
    def lines(self):
        return self.shop + [it.line for it in self.hub if it.line]


class Story:
    """What is sent and landed, and the two updates."""

    def __init__(self, folder: Path):
        self.folder, self.lake, self.out = folder, folder / "lake", folder / "tables"
        self.shop, self.hub = lines(seed=1, count=20_000), Hub()
        first_half(self.hub)

        # killed as it goes, by the program itself, and in the midst of a batch
        summary = self.local(self.shop, "--kill-every", "500ms")
        assert summary["kills"] >= 1, summary
        summary = self.generate(6_000, "--kill-every", "500ms")
        assert summary["kills"] >= 1, summary
        self.killed()
        self.first = self.updated({})

        # a second increment, a mended schema, and the choice of distinct messages
        landed = len(self.hub.events)
        second_half(self.hub)
        with Handler(self.lake) as handler:
            handler.land(self.hub.events[landed:])
        more = lines(seed=2, count=1_000)
        self.local(more)
        again = self.generate(7_000)
        assert again["duplicates_dropped"] == 6_000, again
        self.shop = [
            replace(it, fate=ACCEPTED) if leading_zero(it) else it for it in self.shop + more
        ]
        self.replayed = self.replay()
        assert self.replay()["landed"] == 0
        bronzegate("audit", "--deep", "--lake", self.lake, "--quiet")
        self.second = self.updated({"messages": "distinct"})

    def local(self, shop, *arguments) -> dict:
        file = self.folder / "input.ndjson"
        file.write_text("".join(f"{it.text}\n" for it in shop).rstrip("\n"))
        return json.loads(bronzegate("local", "--ndjson", file, "--lake", self.lake, "--json", *arguments))

    def generate(self, events: int, *arguments) -> dict:
        """Lands what the generator makes of a seed: a longer run goes on where a shorter one ended."""
        file = self.folder / "sent.ndjson"
        command = ["local", "--seed", 11, "--events", events, "--spoil", "3%", "--sent", file, "--lake", self.lake]
        summary = json.loads(bronzegate(*command, "--json", *arguments))
        assert summary["proven"], summary
        self.generated = generated(file)
        assert len(self.generated) == events
        return summary

    def killed(self) -> None:
        events = self.hub.events
        with Handler(self.lake) as handler:
            handler.land(events[:150])
            # the answer is not waited for
            handler.send([it for it in events[150:] if it.partition == 0])
        with Handler(self.lake) as handler:
            handler.land(events)

    def replay(self) -> dict:
        schemas = self.folder / "schemas"
        shutil.copytree(ROOT / "schemas", schemas, dirs_exist_ok=True)
        old = json.loads((schemas / "order-transaction/1.0.0.json").read_text())
        old["$id"] = old["$id"].replace("1.0.0", "1.1.0")
        old["properties"]["Date"]["pattern"] = "^(1[0-2]|[1-9])/(3[01]|[12][0-9]|0?[1-9])/[0-9]{4}$"
        (schemas / "order-transaction/1.1.0.json").write_text(json.dumps(old))
        catalog = json.loads((schemas / "catalog.json").read_text())
        catalog["default"] = "order-transaction/1"
        (schemas / "catalog.json").write_text(json.dumps(catalog))
        said = bronzegate("replay", "--lake", self.lake, "--catalog", schemas, "--json")
        return json.loads(said)

    def updated(self, settings: dict) -> Run:
        update(str(self.lake), self.out, JARS, settings)
        tables = Tables(self.out)
        rows = {table: tables.rows(table) for table in TABLES}
        return Run(self.shop + self.generated, list(self.hub.events), rows, self.out, self.generated)
