from pathlib import Path

import pytest

from tests.support.model import trained_model_path


@pytest.fixture(scope="session")
def trained_model() -> Path:
    return trained_model_path()
