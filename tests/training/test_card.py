"""The model card."""

from nlp_ssl import recipe_files
from nlp_ssl.training.card import model_card
from tests.worlds import write_corpus

END = {"tokens": 1_234_567, "step": 1200, "targets": 98_000, "parameters": 4_500_000} | {
    "embedding_parameters": 1_000_000,
    "flops": 3e15,
    "validation": {"loss": 2.34567, "bits_per_byte": 1.5},
}


def test_a_card_has_the_hubs_front_matter_and_the_runs_numbers(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    lines = model_card(recipe_files.load("clm"), corpus, END).splitlines()
    assert lines[:5] == ["---", "library_name: transformers", "language: en", "tags: [nlp_ssl, clm]", "---"]
    table = {cells[1].strip(): cells[2].strip() for line in lines if (cells := line.split("|"))[1:]}
    assert table["corpus"] == f"corpus, fingerprint {corpus.fingerprint}"
    assert table["training text"] == "1.23M tokens in 1,200 steps"
    assert table["parameters"] == "4.5M, 1M of them embeddings"
    assert table["validation bits per byte"] == "1.5000"
    start = lines.index("```toml")
    assert "[objective.clm]" in lines[start:]


def test_a_card_names_the_decoder_that_lies_beside_an_encoder(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    said = "2024). The folder `decoder` has the same weights as a decoder."
    assert said in model_card(recipe_files.load("hybrid"), corpus, END)
    assert "decoder" not in model_card(recipe_files.load("mlm"), corpus, END)
