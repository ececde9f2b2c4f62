import pytest

from namo.results.shards import ShardWriter, shard_name


def written(items, limit, **options):
    """The shards that adding items writes, and the writer."""
    found = {}
    with ShardWriter(found.__setitem__, limit, **options) as shards:
        for item in items:
            shards.add(item)
    return found, shards


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (2, [2]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])]
)
def test_every_shard_but_the_last_is_full(count, sizes):
    found, shards = written(range(count), 3)
    assert [len(items) for items in found.values()] == sizes
    assert [*found] == [*range(len(sizes))]
    assert [item for items in found.values() for item in items] == [*range(count)]
    assert (shards.items, shards.shards) == (count, len(sizes))


def test_items_count_by_their_size_and_are_never_cut():
    found, _ = written(["a", "bcd", "efghi", "j", "k"], 4, size_of=len)
    assert found == {0: ["a", "bcd"], 1: ["efghi"], 2: ["j", "k"]}


def test_a_shard_is_written_as_soon_as_it_is_full():
    found = {}
    with ShardWriter(found.__setitem__, 2) as shards:
        shards.add("a")
        assert not found
        shards.add("b")
        assert found == {0: ["a", "b"]}


def test_an_error_leaves_the_unfinished_shard_unwritten():
    found = {}

    def fail_after_three_items():
        with ShardWriter(found.__setitem__, 2) as shards:
            for item in "abc":
                shards.add(item)
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_three_items()
    assert found == {0: ["a", "b"]}


def test_names_of_shards_sort_by_their_numbers():
    names = [shard_name("train", number) for number in (0, 9, 10, 12345)]
    assert names == sorted(names)
    assert names[0] == "train-00000.parquet"
    assert shard_name("masks", 3, ".npz") == "masks-00003.npz"
