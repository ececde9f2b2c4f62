import socket

from namo.geometry import Pose2D

DESIGNED = """
env_id success episodes_collected episodes_before_filtering episodes_filtered_out processing_time
episode_results
"""


def test_a_record_has_the_keys_of_the_design(collected, filtered):
    for collection in (collected, filtered):
        for record in collection.records():
            assert set(DESIGNED.split()) <= set(record)


def test_the_shortest_solved_and_the_unsolved_episodes_are_kept(several, filtered):
    everything, kept = several.record(0), filtered.record(0)
    depths = [episode["solution_depth"] for episode in everything["episode_results"]]
    solved = [depth for depth in depths if depth is not None]
    assert min(solved) < max(solved), "the rollouts must differ for this test"
    assert None in depths, "one must be unsolved for this test"
    expected = [depth in (None, min(solved)) for depth in depths]
    assert [row["kept"] for row in kept["metrics"]] == expected
    names = [row["episode_id"] for row in kept["metrics"] if row["kept"]]
    assert [episode["episode_id"] for episode in kept["episode_results"]] == names
    assert kept["episodes_before_filtering"] == 6
    assert kept["episodes_filtered_out"] == expected.count(False)
    assert kept["episodes_collected"] == len(kept["episode_results"]) == expected.count(True)
    assert kept["success"]


def test_filtered_episodes_stay_in_the_tables(several, filtered):
    def rows(collection):
        return [
            {key: value for key, value in row.items() if key not in ("kept", "fingerprint")}
            for row in collection.content()["metrics"]
        ]

    assert rows(filtered) == rows(several)
    assert filtered.content()["pushes"] == several.content()["pushes"]


def test_without_the_filter_every_episode_is_kept(several):
    for record in several.records():
        assert all(row["kept"] for row in record["metrics"])
        counts = (record["episodes_collected"], record["episodes_filtered_out"])
        assert counts == (6, 0)


def test_the_summary_counts_filtered_episodes(several, filtered):
    stats = filtered.summary()["filtering_stats"]
    dropped = sum(record["episodes_filtered_out"] for record in filtered.records())
    assert dropped > 0
    assert stats == {
        "episodes_before_filtering": 12,
        "episodes_filtered_out": dropped,
        "filtering_enabled": True,
        "filter_rate": 100 * dropped / 12,
    }
    assert several.summary()["filtering_stats"]["episodes_filtered_out"] == 0


def test_the_row_names_the_label_and_the_machine(collected):
    for row in collected.table("metrics"):
        assert row["hostname"] == "host"
        assert row["worker_hostname"] == socket.gethostname()


def test_the_target_of_a_stored_action_is_a_plain_tuple(several):
    for record in several.records():
        for episode in record["episode_results"]:
            for action in episode["action_sequence"] or ():
                assert type(action["target"]) is tuple
                assert Pose2D(*action["target"])
