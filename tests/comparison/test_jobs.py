"""Jobs: what identifies them, and what counts as a result."""

import json
import multiprocessing
from pathlib import Path

import pytest

from nlp_ssl.comparison import executor
from nlp_ssl.comparison.jobs import CorpusInput, Job, best
from nlp_ssl.comparison.tasks import load_labelled, load_pair_file
from tests.worlds import replace_split, write_corpus


def job(out: Path, name: str = "pretrain mlm, seed 1", networks: int = 1, **depends: object) -> Job:
    return Job(name=name, kind="pretrain", out=out, depends=depends, arguments=(["mlm"],), networks=networks)


def finish(made: Job, content: str) -> None:
    made.folder.mkdir(parents=True, exist_ok=True)
    (made.folder / "done.json").write_text(content)


def test_the_folder_names_kind_and_job_and_depends_on_what_the_result_depends_on(tmp_path) -> None:
    one, same, other = job(tmp_path, a=1, b=2), job(tmp_path, b=2, a=1), job(tmp_path, a=1, b=3)
    assert one.folder.parent == tmp_path / "jobs" / "pretrain" and one.folder.name.startswith("mlm-seed-1-")
    assert one.folder == same.folder != other.folder


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "\x00", "{}", '{"networks": "2"}', '{"networks": null}', '{"networks": 1}'],
)
def test_a_damaged_or_smaller_result_is_not_finished(content, tmp_path) -> None:
    made = job(tmp_path, networks=2)
    assert not made.done
    finish(made, content)
    assert made.result is None and not made.done


def test_a_result_with_enough_networks_is_finished(tmp_path) -> None:
    made = job(tmp_path, networks=2)
    finish(made, '{"networks": 3, "seconds": 1.5}')
    assert made.result == {"networks": 3, "seconds": 1.5} and made.done


@pytest.mark.parametrize(("content", "error"), [('{"error": "no room"}', "no room"), ("{", None), ("{}", None)])
def test_the_error_of_the_last_try(content, error, tmp_path) -> None:
    made = job(tmp_path)
    assert made.error is None
    made.folder.mkdir(parents=True)
    (made.folder / "failed.json").write_text(content)
    assert made.error == error


def test_the_best_pilot_has_the_lowest_loss_once_all_have_ended(tmp_path) -> None:
    pilots = [job(tmp_path, f"pretrain mlm, rate {rate}", rate=rate) for rate in (1, 2, 3)]
    for pilot, loss in zip(pilots[:2], (2.5, 2.25), strict=True):
        finish(pilot, json.dumps({"networks": 1, "validation": {"loss": loss}}))
    assert best(pilots) is None  # the third is still to run
    pilots[2].folder.mkdir(parents=True)
    (pilots[2].folder / "failed.json").write_text('{"error": "diverged"}')
    assert best(pilots) is pilots[1]
    assert best([]) is None


def test_a_corpus_that_was_replaced_has_changed(tmp_path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    read = CorpusInput(corpus.folder, corpus.fingerprint)
    assert not read.changed() and read.name == str(corpus.folder)
    replace_split(corpus.folder, "train", [[[10, 11], [12]]] * 30)
    assert read.changed()


def test_task_data_that_were_replaced_have_changed(tmp_path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for split in ("train", "dev"):
        lines = [f"{'good' if i % 2 else 'bad'} {i}\t{i % 2}" for i in range(30)]
        (folder / f"{split}.tsv").write_text("text\tlabel\n" + "\n".join(lines) + "\n")
    task = load_labelled("mine", tmp_path, {"text_column": "text", "label_column": "label"})
    assert not task.changed() and task.name == "mine"
    (folder / "dev.tsv").write_text((folder / "dev.tsv").read_text().replace("good 1\t1", "good 1\t0"))
    assert task.changed()


def test_pairs_that_were_replaced_have_changed(tmp_path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("{}")
    pairs = load_pair_file(file)
    assert not pairs.changed()
    file.write_text("{} ")
    assert pairs.changed()


def test_a_result_on_changed_data_is_an_error(tmp_path, monkeypatch) -> None:
    """The job's process is forked, so that it runs the replaced function."""
    corpus = write_corpus(tmp_path / "corpus")
    made = Job(
        name="overlap with mine", kind="overlap", out=tmp_path, depends={}, arguments=(str(corpus.folder),),
        inputs=(CorpusInput(corpus.folder, "another"),),
    )  # fmt: skip
    made.folder.mkdir(parents=True)
    monkeypatch.setitem(executor.JOB_KINDS, "overlap", lambda folder, corpus: {"overlap": {}})
    monkeypatch.setattr(executor, "_share_machine", lambda slot, at_once: None)
    context = multiprocessing.get_context("fork")
    process = context.Process(
        target=executor._work, args=(made.kind, made.folder, made.arguments, made.inputs, "source", 0, 1, ())
    )
    process.start()
    process.join(60)
    assert (
        not made.done
        and made.error == f"{corpus.folder} has changed since this comparison began: compare in a new --out"
    )
