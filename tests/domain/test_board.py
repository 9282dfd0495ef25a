"""Rows in their places on the day's board."""

from domain.board import MOST_LANES, lanes


def test_rows_that_follow_each_other_share_a_lane() -> None:
    assert lanes([(0, 3), (3, 6), (6, 9)]) == [0, 0, 0]


def test_rows_that_overlap_stand_side_by_side() -> None:
    assert lanes([(0, 6), (3, 9), (6, 9)]) == [0, 1, 0]


def test_a_large_group_uses_no_more_lanes_than_there_are() -> None:
    assert max(lanes([(0, 6)] * 30)) == MOST_LANES - 1
