from nlp_ssl.corpus.splitters.lines import Lines


def test_each_line_is_a_sentence() -> None:
    assert Lines("en").split(["One. Two.\n셋", "four"]) == [["One. Two.", "셋"], ["four"]]
