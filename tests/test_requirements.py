"""The locks, requirements*.txt, agree with pyproject.toml and with each other (`make lock`)."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

LOCKS = {
    "requirements.txt": ("learn", "export", "slurm"),
    "requirements-docs.txt": ("docs",),
    "requirements-test.txt": ("dev",),
}
"""Lock -> the extras that it holds beside the base."""
UNHASHED = "requirements-torch.txt"
PIN = re.compile(r"^([\w.-]+)==(\S+)(?: ; (.+?))?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.M)


@dataclass(frozen=True)
class Pin:
    """A line of a lock."""

    version: str
    applies: bool
    hashes: int


@cache
def pins(lock):
    """The pins of a lock by name."""
    text = (REPOSITORY / lock).read_text()
    return {
        canonicalize_name(name): Pin(
            version, not marker or Marker(marker).evaluate(), hashes.count("sha256:")
        )
        for name, version, marker, hashes in PIN.findall(text)
    }


@cache
def project():
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def declared(extras):
    """What the base and extras ask for, those that an extra names included."""
    asked = [Requirement(text) for text in project()["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, project()["optional-dependencies"][extra]):
            inner = requirement.name == project()["name"]
            asked += declared(sorted(requirement.extras)) if inner else [requirement]
    return asked


def needed(asked):
    """Names of all that is needed here, and of what of it is not installed."""
    found, absent, waiting = set(), set(), list(asked)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in found:
            continue
        found.add(key)
        try:
            below = map(Requirement, requires(name) or ())
        except PackageNotFoundError:
            absent.add(name)
            continue
        waiting += [
            each
            for each in below
            if each.marker is None
            or any(each.marker.evaluate({"extra": of}) for of in ("", *requirement.extras))
        ]
    return {name for name, _ in found}, absent


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_declared_is_pinned_within_its_range(lock):
    pinned = pins(lock) | pins(UNHASHED)
    for requirement in declared(LOCKS[lock]):
        version = pinned[canonicalize_name(requirement.name)].version
        assert requirement.specifier.contains(version), f"{lock}: {requirement} has {version}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_is_needed_and_nothing_else(lock):
    names, absent = needed(declared(LOCKS[lock]))
    held = {name for name, pin in (pins(lock) | pins(UNHASHED)).items() if pin.applies}
    needless = held - names - set(pins(UNHASHED))
    # A CUDA build of torch brings packages that no lock can know.
    lacking = {name for name in names - held if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert lacking == set()
    assert absent or needless == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes(lock):
    text = (REPOSITORY / lock).read_text()
    assert "make lock" in text.partition("\n\n")[0]
    assert PIN.sub("", re.sub(r"^#.*$", "", text, flags=re.M)).split() == [], "options, addresses"
    assert [name for name, pin in pins(lock).items() if not pin.hashes] == []
    assert pins(UNHASHED).keys() == {"torch"}
    assert "torch" not in pins(lock)


def test_the_locks_agree_with_each_other():
    base, *others = (pins(lock) for lock in LOCKS)
    everything = pins("requirements-test.txt")
    for pinned in (base, *others):
        for name, pin in pinned.items():
            assert everything[name].version == pin.version, name
