"""The web app's bucket holds what was built, and nothing that was there before."""

from pathlib import Path
from typing import Any

import boto3
import moto
import pytest

from cloud.upload_web import upload_web, web_bucket


@pytest.fixture
def s3() -> Any:
    with moto.mock_aws():
        client = boto3.client(
            "s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="web")
        yield client


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>PromptPilot</title>")
    (tmp_path / "assets" / "app-1f2e3d.js").write_text("1")
    return tmp_path


def test_files_have_their_type_and_pages_are_asked_for_each_time(s3: Any, built: Path) -> None:
    assert upload_web(built, "web", s3) == 2
    page = s3.get_object(Bucket="web", Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html", "no-cache")
    script = s3.get_object(Bucket="web", Key="assets/app-1f2e3d.js")
    assert script["CacheControl"].endswith("immutable")
    assert "javascript" in script["ContentType"]


def test_what_is_no_longer_built_goes(s3: Any, built: Path) -> None:
    s3.put_object(Bucket="web", Key="assets/app-old.js", Body=b"0")
    upload_web(built, "web", s3)
    names = [each["Key"] for each in s3.list_objects_v2(Bucket="web")["Contents"]]
    assert names == ["assets/app-1f2e3d.js", "index.html"]


def test_the_bucket_is_told_by_the_stacks_outputs() -> None:
    assert web_bucket({"a": {"Other": "x"}, "b": {"WebBucketName": "web"}}) == "web"
    with pytest.raises(KeyError):
        web_bucket({"a": {}})
