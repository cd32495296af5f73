import pytest

from nlp_ssl.corpus.splitters.icu import Icu
from nlp_ssl.errors import InputError


@pytest.mark.parametrize("language", ["en", "ko", "zh-Hant", "de_AT", "en-u-ss-standard"])
def test_language_tags(language: str) -> None:
    assert Icu(language).language == language


@pytest.mark.parametrize("language", ["english", "", "e", "en US", "12"])
def test_other_words_are_refused(language: str) -> None:
    with pytest.raises(InputError, match="not a language tag such as en, ko, de or zh-Hant"):
        Icu(language)
