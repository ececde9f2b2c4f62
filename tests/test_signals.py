import os
import signal

import pytest

from namo.signals import SIGNALS, EndedError, ending_on_signals


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_block_and_is_named(number):
    with pytest.raises(EndedError) as caught, ending_on_signals():
        os.kill(os.getpid(), number)
    assert (caught.value.number, str(caught.value)) == (number, signal.Signals(number).name)


def test_it_is_no_exception_that_a_failed_environment_could_be_blamed_for():
    assert not issubclass(EndedError, Exception)


def test_afterwards_signals_do_what_they_did_before():
    before = [signal.getsignal(number) for number in SIGNALS]
    with ending_on_signals():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
