"""Jobs: their identity and their results."""

import json
from pathlib import Path

import pytest

from nlp_ssl.comparison.jobs import CorpusInput, Job, best
from tests.worlds import replace_split, write_corpus


def job(out: Path, name: str = "pretrain mlm, seed 1", networks: int = 1, **depends: object) -> Job:
    return Job(name=name, kind="pretrain", out=out, depends=depends, arguments=(["mlm"],), networks=networks)


def finish(made: Job, content: str) -> None:
    made.folder.mkdir(parents=True, exist_ok=True)
    (made.folder / "done.json").write_text(content)


def test_the_folder_has_the_kind_the_job_and_a_key_of_its_dependencies(tmp_path) -> None:
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


def test_a_command_repeats_the_work_of_a_job(tmp_path) -> None:
    made = Job(name="probe a", kind="probe", out=tmp_path, depends={}, arguments=(["my run", "--task", "a"],))
    assert made.command == "nlp-ssl probe 'my run' --task a"
