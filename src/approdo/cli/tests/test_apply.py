"""`approdo apply`: all or nothing, twice as once, and nothing secret on the screen."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hub import Hub, declared

from amazon_simulator import Simulator
from approdo.cli.apply import apply
from approdo.cli.texts import Failure
from approdo.nodes.models import Node, TimeRange

SECRET = "simulator-secret"


@pytest.fixture(scope="module")
def amazon():
    with Simulator(seed=3, orders=1, days=20) as simulator:
        yield simulator


def written(folder: Path, records: dict[str, Any]) -> list[Path]:
    file = folder / "records.yaml"
    file.write_text(yaml.safe_dump(records, allow_unicode=True))
    return [file]


@pytest.mark.hub
def test_the_command_prints_one_line_for_each_record_and_no_secret(hub: Hub, amazon: Simulator):
    (file,) = written(hub.home, declared(amazon))
    dry = hub.command("apply", str(file), "--dry-run")
    assert dry.stdout.count("created  ") == 4
    assert hub.rows("SELECT name FROM nodes_node") == []
    done = hub.command("apply", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == dry.stdout.splitlines()[:4]
    assert SECRET not in done.stdout + dry.stdout + dry.stderr


@pytest.mark.hub
@pytest.mark.once
def test_a_file_that_is_not_there_is_bad_usage_and_a_wrong_one_is_not(hub: Hub, amazon: Simulator):
    missing = hub.command("apply", "nowhere.yaml")
    assert missing.returncode == 2
    assert "nowhere.yaml" in missing.stderr
    records = declared(amazon)
    records["nodes"][0]["options"]["client_secret"] = "${LWA_CLIENT_SECRET}"
    wrong = hub.apply(records)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "LWA_CLIENT_SECRET" in wrong.stderr


@pytest.mark.django_db
def test_applying_twice_changes_nothing_the_second_time(amazon: Simulator, tmp_path: Path):
    files = written(tmp_path, declared(amazon))
    assert [line.split("  ")[0] for line in apply(files)] == ["created"] * 4
    assert [line.split("  ")[0] for line in apply(files)] == ["unchanged"] * 4


@pytest.mark.django_db
def test_a_change_names_its_fields_and_not_their_values(amazon: Simulator, tmp_path: Path):
    records = declared(amazon)
    apply(written(tmp_path, records))
    records["nodes"][0]["options"] |= {"client_secret": "another-secret", "marketplace": "DE"}
    changed, *others = apply(written(tmp_path, records))
    assert changed.startswith("changed (options.client_secret, options.marketplace")
    assert "“Amazon Vendor EU”" in changed
    assert "another-secret" not in changed
    assert all(line.startswith("unchanged") for line in others)


def no_time(records: dict[str, Any]) -> None:
    records["time_ranges"][0]["last"] = "0 days"


def no_such_region(records: dict[str, Any]) -> None:
    records["nodes"][0]["options"]["region"] = "moon"


def no_such_node(records: dict[str, Any]) -> None:
    records["connectors"][0]["node"] = "Nowhere"


def no_such_key(records: dict[str, Any]) -> None:
    records["connectors"][0]["nodes"] = "Amazon Vendor EU"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_time, ["“Range”", "empty"]),
        (no_such_region, ["“Amazon Vendor EU”", "“moon”", "eu, na, fe, custom"]),
        (no_such_node, ["“Download”", "“Nowhere”"]),
        (no_such_key, ["“Download”", "nodes"]),
    ],
)
def test_one_wrong_record_leaves_everything_as_it_was(amazon: Simulator, tmp_path: Path, spoil: Any, words: list[str]):
    records = declared(amazon)
    spoil(records)
    with pytest.raises(Failure) as failure:
        apply(written(tmp_path, records))
    assert failure.value.exit_code == 1
    assert all(word in str(failure.value) for word in words), str(failure.value)
    assert SECRET not in str(failure.value)
    assert not Node.objects.exists()
    assert not TimeRange.objects.exists()


@pytest.mark.django_db
def test_several_files_are_one_declaration_in_whatever_order(amazon: Simulator, tmp_path: Path):
    records = declared(amazon)
    files = []
    for section in reversed(list(records)):
        files.append(tmp_path / f"{section}.yaml")
        files[-1].write_text(yaml.safe_dump({section: records[section]}))
    assert len(apply(files)) == 4
