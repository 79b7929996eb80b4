"""Batch size: grows where a server takes more names per second so, and goes back where it does not."""

from dnsupdate.batch_size import SETTLED, SIZES, TRIAL, BatchSize


def record(size: BatchSize, *, per_message: float, per_name: float, count: int = TRIAL) -> None:
    """So many full batches at a server that takes so many seconds."""
    for _ in range(count):
        size.record(size.names, per_message + per_name * size.names)


def test_a_server_with_a_fixed_cost_per_message_gets_the_largest():
    size = BatchSize()
    for _ in SIZES:
        record(size, per_message=0.16, per_name=10e-6)
    assert size.names == SIZES[-1]
    record(size, per_message=0.16, per_name=10e-6, count=SETTLED)
    assert size.names == SIZES[-1]


def test_a_server_with_a_cost_per_name_keeps_the_smallest():
    size = BatchSize()
    record(size, per_message=0.0002, per_name=30e-6)
    assert size.names == SIZES[1]
    record(size, per_message=0.0002, per_name=30e-6)
    assert size.names == SIZES[0]
    record(size, per_message=0.0002, per_name=30e-6, count=SETTLED)
    assert size.names == SIZES[0]


def test_after_a_while_a_larger_size_is_tried_again():
    size = BatchSize()
    record(size, per_message=0, per_name=30e-6, count=2 * TRIAL + SETTLED)
    record(size, per_message=0.16, per_name=10e-6, count=2 * TRIAL)
    assert size.names == SIZES[2]


def test_names_that_do_not_fit_make_it_smaller_for_a_while():
    size = BatchSize()
    record(size, per_message=0.16, per_name=10e-6)
    size.shrink()
    assert size.names == SIZES[0]
    record(size, per_message=0.16, per_name=10e-6, count=SETTLED)
    assert size.names == SIZES[0]


def test_the_smallest_cannot_shrink():
    size = BatchSize()
    size.shrink()
    assert size.names == SIZES[0]
