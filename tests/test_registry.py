import pytest

from namo.errors import UsageError
from namo.registry import Registry

REGISTRY = Registry(
    "planner",
    {"idfs": "namo.geometry:Pose2D", "tree_idfs": "module_that_is_not_there:Planner"},
    {"standard_idfs": "idfs"},
)


def test_names_include_aliases():
    assert REGISTRY.names() == ["idfs", "tree_idfs", "standard_idfs"]


def test_an_alias_resolves_to_its_name():
    assert REGISTRY.canonical("standard_idfs") == "idfs"
    assert REGISTRY.load("standard_idfs") is REGISTRY.load("idfs")


def test_loading_imports_what_is_registered():
    assert REGISTRY.load("idfs").__name__ == "Pose2D"


def test_nothing_is_imported_before_it_is_loaded():
    assert REGISTRY.canonical("tree_idfs") == "tree_idfs"
    with pytest.raises(ModuleNotFoundError):
        REGISTRY.load("tree_idfs")


@pytest.mark.parametrize("lookup", [REGISTRY.canonical, REGISTRY.load])
def test_a_misspelt_name_gets_the_nearest_one(lookup):
    with pytest.raises(UsageError) as caught:
        lookup("tree_idsf")
    assert str(caught.value) == (
        "unknown planner 'tree_idsf'; did you mean 'tree_idfs'? "
        "(expected one of: idfs, tree_idfs, standard_idfs)"
    )
