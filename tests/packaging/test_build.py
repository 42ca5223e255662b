"""Building a package: the same each time, whole, and without a trace of this machine."""

import hashlib
from pathlib import Path

import pytest

from stacks.packaging.build import build
from stacks.packaging.installer import InstallFailed, install
from stacks.packaging.parts import FUNCTIONS, LAYERS, OwnCode
from stacks.packaging.target import Target

HOST = Target.host()


@pytest.fixture
def own(tmp_path: Path) -> OwnCode:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__" / "old.cpython-27.pyc").write_bytes(b"x")
    (source / "one.py").write_text('NAMES = {"a", "b", "c"}\nHERE = "d" in {"d", "e", "f"}\n')
    (source / "text.txt").write_text("text")
    return OwnCode("own", source, inside="own", at="/var/task", max_mb=1)


def contents(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
    }


def test_our_own_code_is_packed_with_bytecode_of_the_target_alone(
    own: OwnCode, tmp_path: Path
) -> None:
    build(own, HOST, tmp_path / "package")

    tag = f"cpython-{HOST.python.replace('.', '')}"
    assert contents(tmp_path / "package").keys() == {
        "own/one.py",
        "own/text.txt",
        f"own/__pycache__/one.{tag}.pyc",
    }


def test_without_a_python_of_the_target_there_is_no_bytecode(own: OwnCode, tmp_path: Path) -> None:
    build(own, Target("host", "9.9"), tmp_path / "package")

    assert contents(tmp_path / "package").keys() == {"own/one.py", "own/text.txt"}


def test_bytecode_is_not_checked_against_its_source_and_knows_where_it_will_run(
    own: OwnCode, tmp_path: Path
) -> None:
    build(own, HOST, tmp_path / "package")

    (compiled,) = (tmp_path / "package").rglob("*.pyc")
    assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"  # PEP 552: by hash, unchecked
    assert b"/var/task/own/one.py" in compiled.read_bytes()
    assert str(tmp_path).encode() not in compiled.read_bytes()


def test_the_build_says_how_large_the_package_is(
    own: OwnCode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(own, HOST, tmp_path / "package")

    assert "Package own" in capsys.readouterr().err


@pytest.mark.parametrize("part", [FUNCTIONS, LAYERS["core"]], ids=lambda part: part.name)
def test_the_product_is_packed_the_same_each_time(part: OwnCode, tmp_path: Path) -> None:
    build(part, HOST, tmp_path / "one")
    build(part, HOST, tmp_path / "two")

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_cannot_be_installed_is_told_with_what_the_installers_said(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("one==1\n")  # without a hash, so no installer looks for it

    with pytest.raises(InstallFailed) as failure:
        install(lock, HOST, tmp_path / "package")

    assert failure.value.lock == lock
    assert "hash" in str(failure.value).lower()
    assert not (tmp_path / "package").exists()
