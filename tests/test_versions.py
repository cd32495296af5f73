import platform

import numpy

from nlp_ssl import __version__
from nlp_ssl.versions import versions


def test_versions_are_those_of_the_installed_libraries() -> None:
    found = versions()
    assert (found["python"], found["numpy"]) == (platform.python_version(), numpy.__version__)
    assert found["nlp_ssl"] == __version__
    assert {"torch", "transformers", "tokenizers", "datasets", "accelerate", "scikit-learn"} < set(found)
