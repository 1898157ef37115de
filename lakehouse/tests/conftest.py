"""One story for all tests."""

import figures
import pytest
from story import Run, Story


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> Story:
    return Story(tmp_path_factory.mktemp("story"))


@pytest.fixture(params=["first", "second"])
def run(request, story) -> Run:
    return getattr(story, request.param)


@pytest.fixture
def sold(run, story):
    """The lines that gold counts."""
    return figures.counted(run.lines, distinct=run is story.second)
