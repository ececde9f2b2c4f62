from namo.collection.rerun import rerun_command


def test_a_rerun_command_is_quoted_for_a_shell():
    command = rerun_command(["--output-dir", "out put", "--seed", "3"], 7)
    assert "--output-dir 'out put' --seed 3 --start-idx 7 --end-idx 8" in command
