"""Runs last, when all modules run: the suite calls every operation that the project has."""


def test_every_operation_was_answered_with_success(operations, succeeded):
    assert sorted(operations - succeeded) == []
