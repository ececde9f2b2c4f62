"""Planning data for Navigation Among Movable Obstacles (NAMO), collected in MuJoCo."""

from namo.version import __version__

__all__ = ["__version__"]
