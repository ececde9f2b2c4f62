"""What several tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest

from namo.geometry import Pose2D
from namo.scenes.footprint import Rectangle, overlap_depth
from namo.scenes.scene import Goal, Movable, Robot, Scene, Wall
from namo.scenes.sources import DEMO_SCENES, environments_from

# The first example of a test may have to wait for a compiler; no test asserts a time. The same
# examples in every run: whether a change passes must not depend on luck. Other examples are drawn
# with --hypothesis-profile=explore.
hypothesis.settings.register_profile("namo", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("namo")

# A job in the background ignores interrupts, and so would the processes of tests in it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # likewise under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["tests.collecting", "tests.distributions"]

RK4: Mapping[str, str] = {"cone": "elliptic", "integrator": "RK4", "timestep": "0.01"}
"""What most scenes of others are simulated with."""
REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files without slow tests when only those run: importing all takes ten seconds."""
    if config.getoption("markexpr") == "slow" and collection_path.name.startswith("test_"):
        return "mark.slow" not in collection_path.read_text(encoding="utf-8") or None
    return None


@pytest.fixture(scope="session", autouse=True)
def primitive_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this session: machine code is made once, each class of boxes simulated once."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # all workers share it
        folder = folder.parent
    folder /= "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAMO_CACHE_DIR", str(folder))
        patch.setenv("HF_HOME", str(folder / "huggingface"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield folder


@pytest.fixture(scope="session", autouse=True)
def no_fsync() -> Iterator[None]:
    """Do not wait for the disk: what tests write need not survive a power cut.

    Every result file is synced twice, ten milliseconds each on an ordinary disk, which is half of
    the time of some tests. `tests/test_files.py` tests that it is done, and in which order.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def shared_scenes() -> Path:
    """The folder of shared scenes beside the repository; the test skips where it is absent."""
    folder = REPOSITORY.parent / "shared" / "scenes"
    if not folder.is_dir():
        pytest.skip("../shared/scenes is not there")
    return folder


@pytest.fixture(scope="session")
def demo_scenes() -> Path:
    """The folder of the demo scenes that come with the project."""
    return DEMO_SCENES.parent


_ROOMS = {0: 5, 7: 8, 1: 1, 3: 4, 6: 7, 8: 10}
"""Numbers that tests use -> place in the list of demo scenes."""


def room_file(number: int) -> Path:
    """A scene file. 0 and 7 are open, 1, 3, 6 and 8 need a push, 11 has a slit
    through which the robot does not fit, see `Rooms.sealed`."""
    if number == 11:
        return Path(__file__).with_name("sealed.xml")
    return environments_from(None, None).paths[_ROOMS[number]]


def rectangles_overlap_depth(
    pose_a: Pose2D, half_a: tuple[float, float], pose_b: Pose2D, half_b: tuple[float, float]
) -> float:
    """How deep two rectangles overlap (m), negative or zero when they are apart."""
    return overlap_depth(pose_a, Rectangle(*half_a), pose_b, Rectangle(*half_b))


def random_bundle(path: Path, kind: str, seed: int = 0) -> Path:
    """Write a small model with random ratings, the same for a seed, and return its folder."""
    import torch  # takes a second, and most tests need no model

    from namo.learning.architecture import new_network
    from namo.learning.bundle import write_bundle
    from namo.learning.queries import BASE_FEATURES, FEATURES

    features = [name for name in FEATURES[kind] if name not in BASE_FEATURES]
    sizes = {"widths": [4, 8, 8], "blocks": [1, 1, 1], "summary": 8, "hidden": 8}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = new_network(kind, sizes, features).eval()
    write_bundle(path, kind, network, sizes, {"discount": 0.8}, features=features)
    return path


class Rooms:
    """Scenes made in memory. Boxes are 0.6 m wide, one class to simulate, unless a test differs."""

    SLEEPING: Mapping[str, str] = {
        "integrator": "implicitfast",
        "cone": "elliptic",
        "timestep": "0.005",
        "flag/sleep": "enable",
    }

    def box(
        self,
        x: float,
        y: float,
        theta: float = 0.0,
        *,
        number: int = 1,
        half: tuple[float, float] = (0.3, 0.3),
        mass: float = 0.1,
    ) -> Movable:
        """A box named `obstacle_<number>_movable`."""
        return Movable(
            f"obstacle_{number}_movable", Pose2D(x, y, theta), Rectangle(*half), 0.3, 0.3, mass=mass
        )

    def wall(
        self, number: int, x: float, y: float, half: tuple[float, float], theta: float = 0.0
    ) -> Wall:
        """A wall named `wall_<number>`; numbers 1 to 4 are those around a room."""
        return Wall(f"wall_{number}", Pose2D(x, y, theta), Rectangle(*half), 0.3, 0.3)

    def room(
        self,
        *boxes: Movable,
        side: float = 4.0,
        walls: Iterable[Wall] = (),
        robot: tuple[float, float] = (-1.4, -1.2),
        goal: tuple[float, float] = (1.3, 1.2),
        options: Mapping[str, str] = RK4,
    ) -> Scene:
        """A closed square room around the origin."""
        half, length = side / 2, side / 2 + 0.05
        around = (
            self.wall(1, -half, 0.0, (0.05, length)),
            self.wall(2, half, 0.0, (0.05, length)),
            self.wall(3, 0.0, -half, (length, 0.05)),
            self.wall(4, 0.0, half, (length, 0.05)),
        )
        return Scene((*around, *walls), boxes, Robot(*robot), Goal(*goal), options=dict(options))

    def plugged(self, *more: Movable, options: Mapping[str, str] = RK4) -> Scene:
        """Two chambers, robot left, goal right, and box 1 in the door of 0.9 m between them."""
        return self.room(self.box(0.0, 0.0), *more, walls=self.door(), options=options)

    def door(self) -> tuple[Wall, Wall]:
        """The two walls at x = 0 that leave a door of 0.9 m around the origin."""
        return self.wall(5, 0.0, -1.225, (0.05, 0.775)), self.wall(6, 0.0, 1.225, (0.05, 0.775))

    def sealed(self, *boxes: Movable, options: Mapping[str, str] = RK4) -> Scene:
        """Two chambers, robot left and goal right: no push helps, and no search can know that.

        The slit between them is 2 cm too narrow for the robot, less than what is shown by drawing.
        """
        slit = self.wall(5, 0.0, -0.165, (0.05, 1.835))
        return self.room(*boxes, walls=(slit,), options=options)

    def walled(self, *boxes: Movable, options: Mapping[str, str] = RK4) -> Scene:
        """Two chambers, robot left and goal right, without a door."""
        return self.room(*boxes, walls=(self.wall(5, 0.0, 0.0, (0.05, 2.0)),), options=options)

    def booth(self, *boxes: Movable) -> Scene:
        """A room whose robot stands between four walls that leave it 5 mm."""
        x, y = -1.4, -1.2
        walls = (
            self.wall(5, x - 0.205, y, (0.05, 0.155)),
            self.wall(6, x + 0.205, y, (0.05, 0.155)),
            self.wall(7, x, y - 0.205, (0.155, 0.05)),
            self.wall(8, x, y + 0.205, (0.155, 0.05)),
        )
        return self.room(*boxes, walls=walls, robot=(x, y))


@pytest.fixture(scope="session")
def rooms() -> Rooms:
    """Scenes made in memory."""
    return Rooms()
