import os
import signal

import pytest

from namo.signals import SIGNALS, TerminationRequested, ending_on_signals


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_terminates_the_block_and_is_named(number):
    with pytest.raises(TerminationRequested) as caught, ending_on_signals():
        os.kill(os.getpid(), number)
    assert (caught.value.number, str(caught.value)) == (number, signal.Signals(number).name)


def test_a_termination_request_is_not_caught_as_an_exception():
    assert not issubclass(TerminationRequested, Exception)


def test_signal_handlers_are_restored_afterwards():
    before = [signal.getsignal(number) for number in SIGNALS]
    with ending_on_signals():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
