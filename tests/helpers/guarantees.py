"""The counts of the last `make torture`, kept as a table and shown on docs/guarantees.md."""

import platform
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/figures/guarantees.csv"
PAGE = ROOT / "docs/guarantees.md"
COLUMNS = ("test", "part", "guarantee", "tried", "outcome", "seconds", "date", "machine")
BEGIN, END = "<!-- begin counts (written by make torture) -->", "<!-- end -->"


def machine() -> str:
    """Return the processor and the number of its cores that this process may use."""
    from fusionnet.arithmetic import available_processors
    from fusionnet.devices import _processor

    return f"{_processor() or platform.machine()}, {available_processors()} cores"


def row(test: str, part: str, guarantee: str, tried: int, outcome: str, seconds: float) -> dict[str, object]:
    """Return a row of the table: what was tried how often just now, and what came of it."""
    today = time.strftime("%Y-%m-%d")
    return dict(zip(COLUMNS, (test, part, guarantee, tried, outcome, round(seconds), today, machine()), strict=True))


def keep(rows: list[dict[str, object]]) -> None:
    """Put rows into the table, in place of those of the same tests, and the table on the page."""
    before = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=COLUMNS)
    new = pd.DataFrame(rows, columns=COLUMNS)
    kept = before[~before["test"].isin(new["test"]) & before["test"].map(is_there)]
    table = new if kept.empty else pd.concat([kept, new])
    table = table.sort_values(["part", "guarantee"], kind="stable")
    table.to_csv(TABLE, index=False, lineterminator="\n")
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")


def is_there(test: str) -> bool:
    """Tell whether a test that was counted before has not been removed or renamed since."""
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.is_file() and f"def {name.partition('[')[0]}(" in file.read_text(encoding="utf-8")


def updated(page: str, table: pd.DataFrame) -> str:
    """Return the page with the table's numbers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{rendered(table)}{END}{after}"


def rendered(table: pd.DataFrame) -> str:
    """Return the table as Markdown, a paragraph for each part; tests of one guarantee and outcome share a row."""
    lines = []
    for part, rows in table.groupby("part", sort=True):
        tried = rows.groupby(["guarantee", "outcome"], sort=False)["tried"].sum()
        lines += [f"**{part}**", "", "| what holds | tried | outcome |", "| --- | ---: | --- |"]
        lines += [f"| {guarantee} | {number:,} | {outcome} |" for (guarantee, outcome), number in tried.items()]
        lines.append("")
    for name, rows in table.groupby("machine"):
        hours = rows["seconds"].sum() / 3600
        dates = sorted(set(rows["date"]))
        lines += [f"{name}; {' to '.join([dates[0], dates[-1]][: len(dates)])}; {hours:.1f} hours.", ""]
    return "\n".join(lines)
