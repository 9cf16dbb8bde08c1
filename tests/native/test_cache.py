import os
import stat

import pytest

from circuitnn.native import cache


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "circuitnn" / "native"


def made(content=b"library"):
    calls = []

    def make():
        calls.append(content)
        return content

    return make, calls


def test_a_library_is_made_once(home):
    make, calls = made()
    path = cache.kept(("text", "flags"), make)
    assert path.parent == home
    assert path.read_bytes() == b"library"
    assert cache.kept(("text", "flags"), make) == path
    assert len(calls) == 1
    cache.kept(("text", "other flags"), make)
    assert len(calls) == 2


def test_the_folder_is_the_users_alone(home):
    home.mkdir(parents=True)
    home.chmod(0o777)
    cache.kept(("text",), made()[0])
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def damage(path):
    path.write_bytes(b"librarY")


def open_to_all(path):
    path.chmod(0o666)


def a_link(path):
    other = path.with_name("other")
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("spoil", [damage, open_to_all, a_link])
def test_what_is_not_as_it_was_put_there_is_made_anew(home, spoil):
    make, calls = made()
    path = cache.kept(("text",), make)
    spoil(path)
    path = cache.kept(("text",), make)
    assert len(calls) == 2
    assert path.read_bytes() == b"library"
    assert stat.S_ISREG(path.lstat().st_mode)
    assert not path.stat().st_mode & 0o022


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners")
def test_what_belongs_to_another_is_made_anew(home, monkeypatch):
    make, calls = made()
    cache.kept(("text",), make)
    real = os.geteuid()
    monkeypatch.setattr(cache.os, "geteuid", lambda: real + 1)
    path = cache.kept(("text",), make)  # the folder is another's, too: this process has one of its own
    assert path.parent != home
    assert len(calls) == 2


def test_without_a_place_to_keep_them_they_end_with_the_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache.kept(("text",), made()[0]).read_bytes() == b"library"


def test_those_that_were_used_last_stay(home, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 2)
    paths = []
    for number in range(3):
        paths.append(cache.kept((str(number),), made()[0]))
        os.utime(paths[-1], (number, number))
    cache.kept(("3",), made()[0])
    assert [path.exists() for path in paths] == [False, False, True]


def test_what_fails_leaves_nothing(home):
    def make():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cache.kept(("text",), make)
    assert not list(home.glob("*"))
