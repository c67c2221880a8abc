from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.audio.background import SlidingMinimum

rows = st.lists(st.lists(st.floats(-9, 9), min_size=2, max_size=2), max_size=40)


@given(count=st.integers(1, 9), rows=rows)
def test_it_is_the_least_of_the_latest_rows_in_each_column(count: int, rows: list[list[float]]) -> None:
    least = SlidingMinimum(count, 2)
    for at, row in enumerate(rows):
        latest = rows[max(0, at + 1 - count) : at + 1]
        assert least.add(row) == [min(column) for column in zip(*latest, strict=True)]
