import os

import pytest

from namo.scenes.folders import files_below


@pytest.fixture
def folder(tmp_path):
    for name in ("b/2.xml", "a.xml", "B/1.XML", "notes.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def names(found):
    return [path.relative_to(found.folder).as_posix() for path in found.with_suffix(".xml")]


def test_files_are_found_at_any_depth_and_in_upper_case(folder):
    found = files_below(folder)
    assert names(found) == ["B/1.XML", "a.xml", "b/2.xml"]
    assert [path.name for path in found.files] == ["1.XML", "a.xml", "2.xml", "notes.txt"]
    assert (found.problems, found.problem_of(".xml")) == ({}, "")


def test_links_that_lead_out_are_followed_each_folder_once(folder, tmp_path):
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "o.xml").touch()
    (outside / "deep" / "d.xml").touch()
    (outside / "up").symlink_to(outside)
    (outside / "back").symlink_to(folder)
    (folder / "link").symlink_to(outside)
    (folder / "second").symlink_to(outside)
    (folder / "to_file.xml").symlink_to(outside / "o.xml")
    assert names(files_below(folder)) == [
        "B/1.XML",
        "a.xml",
        "b/2.xml",
        "link/deep/d.xml",
        "link/o.xml",
        "to_file.xml",
    ]


def test_links_inside_the_folder_give_no_file_twice(folder):
    before = names(files_below(folder))
    (folder / "again").symlink_to(folder / "b")
    (folder / "b" / "loop").symlink_to("..")
    assert names(files_below(folder)) == before


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert names(files_below(tmp_path / "link")) == names(files_below(folder))


def test_what_is_not_a_file_is_a_problem_where_it_may_hide_one(folder):
    (folder / "gone.png").symlink_to("nowhere")
    assert files_below(folder).problem_of(".xml") == ""
    (folder / "c.xml").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.xml")
    (folder / "x.xml").mkdir()
    found = files_below(folder)
    assert found.problems == {
        "c.xml": "is a link to 'nowhere', which does not exist",
        "gone.png": "is a link to 'nowhere', which does not exist",
        "pipe.xml": "is neither a file nor a folder",
    }
    assert found.problem_of(".xml") == (
        "'c.xml' is a link to 'nowhere', which does not exist (1 more is like it); repair it or "
        "remove it"
    )
