import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from namo.errors import UsageError
from namo.scenes import palette
from namo.scenes.contact_sheet import Entry, draw_sheet
from namo.scenes.footprint import footprint_of
from namo.scenes.scene import Goal, Movable, Robot, Scene


def colours(path):
    picture = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    values, counts = np.unique(picture, axis=0, return_counts=True)
    return {tuple(value): count for value, count in zip(values.tolist(), counts, strict=True)}


def rgb(name):
    return tuple(round(255 * part) for part in to_rgb(name))


def size(path):
    with Image.open(path) as picture:
        return picture.size


@pytest.fixture
def entry(rooms):
    return Entry(rooms.plugged(), "plugged")


def test_a_sheet_shows_every_part_of_a_scene(entry, tmp_path):
    draw_sheet([entry], tmp_path / "sheet.png")
    found = colours(tmp_path / "sheet.png")
    assert all(found.get(rgb(name), 0) > 20 for name in palette.SCENE_COLOURS)
    assert found[rgb("white")] > 1000


def test_thumbnails_are_in_rows_and_columns(entry, tmp_path):
    sizes = []
    for count, columns in ((6, 6), (7, 6), (12, 6), (6, 3)):
        path = tmp_path / f"{count}_{columns}.png"
        draw_sheet([entry] * count, path, columns=columns)
        sizes.append(size(path))
    (width, one_row), two_rows, also_two_rows, wider_tiles = sizes
    assert width == 1238
    assert two_rows == also_two_rows == (width, two_rows[1])
    assert two_rows[1] - one_row > 190
    assert wider_tiles[1] > two_rows[1]


def test_all_thumbnails_have_the_same_size(rooms, tmp_path):
    entries = [Entry(rooms.room(side=side), "room") for side in (4.0, 6.0, 20.0)]
    draw_sheet(entries, tmp_path / "sheet.png", columns=3)
    picture = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    wall = (picture == rgb(palette.WALL)).all(axis=-1)
    thirds = [np.flatnonzero(third.any(axis=0)) for third in np.array_split(wall, 3, axis=1)]
    spans = [int(np.ptp(third)) for third in thirds]
    assert max(spans) - min(spans) < 8  # different scales: each fills its tile


def test_scenes_of_similar_size_have_one_scale(rooms, tmp_path):
    entries = [Entry(rooms.room(side=side), "room") for side in (4.0, 6.0)]
    draw_sheet(entries, tmp_path / "sheet.png", columns=2)
    picture = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    wall = (picture == rgb(palette.WALL)).all(axis=-1)
    halves = [np.flatnonzero(half.any(axis=0)) for half in np.array_split(wall, 2, axis=1)]
    small, large = (int(np.ptp(half)) for half in halves)
    assert large / small == pytest.approx(6.1 / 4.1, abs=0.02)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_scenes_give_the_same_bytes(entry, tmp_path, suffix):
    contents = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.{suffix}"
        draw_sheet([entry, Entry(None, "broken", "unusable")], path, title="Two")
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert b"Software" not in contents[0]


def test_an_invalid_file_gets_a_crossed_tile(tmp_path):
    draw_sheet([Entry(None, "broken")], tmp_path / "sheet.png")
    found = colours(tmp_path / "sheet.png")
    assert found[rgb("#e3e4e7")] > 100_000
    assert found[rgb("#9aa0aa")] > 500
    assert rgb(palette.ROBOT) not in found


def test_concave_parts_of_a_polygon_are_not_filled(rooms, tmp_path):
    outline = [(0, 0), (1.2, 0), (1.2, 1), (0.9, 1), (0.9, 0.3), (0.3, 0.3), (0.3, 1), (0, 1)]
    footprint, pose = footprint_of(outline)
    cup = Movable("cup_movable", pose, footprint, 0.3, 0.3)
    areas = []
    for number, movable in enumerate((cup, rooms.box(0.6, 0.5, half=(0.6, 0.5)))):
        path = tmp_path / f"{number}.png"
        draw_sheet([Entry(rooms.room(movable), "")], path)
        areas.append(colours(path)[rgb(palette.MOVABLE)])
    assert areas[0] / areas[1] == pytest.approx(footprint.area / 1.2, abs=0.03)


def test_a_scene_without_walls_or_movables_can_be_drawn(tmp_path):
    bare = Scene((), (), Robot(0.0, 0.0), Goal(2.0, 1.0))
    draw_sheet([Entry(bare, "bare")], tmp_path / "sheet.png")
    assert colours(tmp_path / "sheet.png")[rgb(palette.REACHED)] > 10_000


def test_two_dozen_thumbnails_are_a_small_file(demo_scenes, entry, tmp_path):
    draw_sheet([entry] * 24, tmp_path / "sheet.png", title="Two dozen")
    assert (tmp_path / "sheet.png").stat().st_size < 200_000


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet", "png"])
def test_unknown_formats_are_refused(entry, tmp_path, name):
    with pytest.raises(UsageError, match=r"expected one of: \.png, \.svg, \.pdf"):
        draw_sheet([entry], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_empty_sheet_is_refused(entry, tmp_path):
    for entries, columns in (([], 6), ([entry], 0)):
        with pytest.raises(UsageError, match="is empty"):
            draw_sheet(entries, tmp_path / "sheet.png", columns=columns)
