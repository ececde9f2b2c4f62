"""An exporter: the pushes of all plans as a table of comma-separated values."""

import pyarrow.csv

from namo.exporting.exporter import Export
from namo.files import replacing

COLUMNS = ["episode_id", "step", "object_id", "goal_x", "goal_y", "goal_theta"]


class PlansCsv:
    """Writes `plans.csv`: one line per push, target poses in metres and radians."""

    SETTINGS = frozenset[str]()

    def write(self, export: Export) -> list[str]:
        """Write the file and return the lines to print."""
        rows = export.collection.plans.select(COLUMNS)
        with replacing(export.folder / "plans.csv") as handle:
            pyarrow.csv.write_csv(rows, handle)
        return [f"{export.output / 'plans.csv'}: {rows.num_rows} pushes"]
