"""A package's hash changes with what the package is made of, and with nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from stacks.packaging import bytecode
from stacks.packaging.digest import digest
from stacks.packaging.parts import Libraries, OwnCode
from stacks.packaging.target import Target

ARM = Target("manylinux2014_aarch64", "3.13")
INTEL = replace(ARM, platform="manylinux2014_x86_64")
OLDER = replace(ARM, python="3.12")


@pytest.fixture
def libraries(tmp_path: Path) -> Libraries:
    (tmp_path / "requirements.txt").write_text("one==1\n")
    return Libraries("libraries", tmp_path, max_mb=1)


@pytest.fixture
def own(tmp_path: Path) -> OwnCode:
    (tmp_path / "one.py").write_text("ONE = 1\n")
    return OwnCode("own", tmp_path, inside="own", at="/var/task", max_mb=1)


def test_libraries_depend_on_the_lock_the_platform_and_the_python(libraries: Libraries) -> None:
    before = {digest(libraries, each) for each in (ARM, INTEL, OLDER)}
    assert len(before) == 3

    libraries.lock.write_text("one==2\n")

    assert digest(libraries, ARM) not in before


def test_libraries_do_not_depend_on_what_they_were_locked_from(libraries: Libraries) -> None:
    before = digest(libraries, ARM)

    (libraries.source / "requirements.in").write_text("# a word\n")

    assert digest(libraries, ARM) == before


def test_our_own_code_is_the_same_on_every_platform(own: OwnCode) -> None:
    assert digest(own, ARM) == digest(own, INTEL)
    assert digest(own, ARM) != digest(own, OLDER)


def test_our_own_code_depends_on_every_file_and_its_name(own: OwnCode) -> None:
    seen = {digest(own, ARM)}

    (own.source / "one.py").write_text("ONE = 2\n")
    seen.add(digest(own, ARM))
    (own.source / "one.py").rename(own.source / "two.py")
    seen.add(digest(own, ARM))
    (own.source / "text.txt").write_text("")
    seen.add(digest(own, ARM))

    assert len(seen) == 4


def test_what_this_machine_compiled_changes_nothing(own: OwnCode) -> None:
    before = digest(own, ARM)

    (own.source / "__pycache__").mkdir()
    (own.source / "__pycache__" / "one.cpython-311.pyc").write_bytes(b"x")

    assert digest(own, ARM) == before


def test_a_package_with_bytecode_is_another_than_one_without(own: OwnCode) -> None:
    absent = Target("host", "9.9")

    assert bytecode.can_compile(Target.host().python)
    assert not bytecode.can_compile(absent.python)
    assert digest(own, Target.host()) != digest(own, absent)
