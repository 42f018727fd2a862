"""What an export tells of every table and column is decided (SECURITY.md Privacy)."""

from storage.own_data import LEFT_OUT, TOLD
from storage.tables import metadata

_MEND = "decide in storage/own_data.py whether people are told of it: in TOLD, or in LEFT_OUT with the reason why not"


def undecided() -> list[str]:
    """The tables and columns that nobody has decided about."""
    found = []
    for table in metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        if table not in TOLD:
            found.append(table.name)
            continue
        names = {column.name for column in table.columns}.difference(TOLD[table])
        found += [f"{table.name}.{name}" for name in sorted(names) if f"{table.name}.{name}" not in LEFT_OUT]
    return found


def test_every_table_and_column_is_told_or_left_out_for_a_reason() -> None:
    assert undecided() == [], _MEND


def test_nothing_is_told_or_left_out_that_is_not_there_or_twice() -> None:
    """A reason that is left over would one day excuse a column of that name."""
    for table, columns in TOLD.items():
        assert set(columns) <= {column.name for column in table.columns}, table.name
    for name in LEFT_OUT:
        table_name, _, column = name.partition(".")
        table = metadata.tables[table_name]
        if column:
            assert column in table.columns, name
            assert column not in TOLD[table], name
        else:
            assert table not in TOLD, name
