"""`python -m benchmarks.paper`: writes the tables into docs/scale.md; a few seconds."""

from pathlib import Path

from benchmarks.paper.figures import Measured, People, Telegram
from benchmarks.paper.report import report

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
BEGIN, END = "<!-- python -m benchmarks.paper -->", "<!-- end -->"


def written(page: str, tables: str) -> str:
    """The page with these tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(
        written(PAGE.read_text(encoding="utf-8"), report(Measured(), People(), Telegram())), encoding="utf-8"
    )
    print(f"Written: {PAGE.name}")
