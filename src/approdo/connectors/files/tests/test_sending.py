"""What a connector writes: which files, under which names, the same at every attempt; and how its node is tried."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import servers
from msgspec.structs import replace
from servers import FtpServer, SshServer

from approdo.connectors import files
from approdo.connectors.files.export_documents import EXPORT_DOCUMENTS, send, wanted
from approdo.connectors.files.names import pattern_problem
from approdo.sdk.connector import CheckResult, Context, Outcome, RequestMade
from approdo.sdk.errors import ConfigError, InvalidOptions, TransientError
from approdo.sdk.exports import Parcel
from approdo.sdk.options import clean

pytestmark = pytest.mark.once

with_sshd = pytest.mark.skipif(servers.SSHD is None, reason=servers.NO_SSHD)


def document(pk: int, number: str) -> dict[str, Any]:
    return {"id": pk, "number": number, "version": 2}


def parcel(*documents: Mapping[str, Any], **changes: Any) -> Parcel:
    def write(some: Sequence[Mapping[str, Any]], part: int) -> Iterator[bytes]:
        yield f"{part}:".encode()
        yield " ".join(one["number"] for one in some).encode()

    given = {
        "id": "1042-ab12cd34", "connector": "Files", "claimed_at": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        "attempt": 1, "documents": documents, "written": lambda: write(documents, 0), "write": write,
        "time_zone": "Europe/Rome", "media_type": "application/xml", "suffix": ".xml", **changes,
    }  # fmt: skip
    return Parcel(**given)


ORDERS = (document(17, "7HT4KQ2M"), document(18, "A/../B"))


def context(folder: Path, made: list[RequestMade] | None = None, **options: Any) -> Context:
    checked = clean(EXPORT_DOCUMENTS.options, options)
    record = made.append if made is not None else lambda _made: None
    return Context(account="n", settings={"place": "folder", "folder": str(folder)}, options=checked, record=record)


def sent(context: Context, parcel: Parcel) -> dict[int, str]:
    """Send it; where each document has come to."""
    where: dict[int, str] = {}
    send(context, replace(parcel, note_landed=lambda some, there: where.update(dict.fromkeys(some, there))))
    return where


def found(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_parcel_is_one_file_named_by_when_it_was_taken_and_again_the_same(tmp_path: Path) -> None:
    made: list[RequestMade] = []
    for attempt in (1, 2, 3):
        where = sent(context(tmp_path, made), parcel(*ORDERS, attempt=attempt))
        name = "ORDERS_20261025_023000_1042-ab12cd34.xml"
        assert found(tmp_path) == {name: "0:7HT4KQ2M A/../B"}
        assert where == {17: f"{tmp_path}/{name}", 18: f"{tmp_path}/{name}"}
    assert [(one.operation, one.attempt, one.error) for one in made] == [(f"put {name}", n, "") for n in (1, 2, 3)]


def test_an_attempt_with_other_settings_replaces_what_has_the_batch_in_its_name(tmp_path: Path) -> None:
    send(context(tmp_path, file_name="{batch}.xml"), parcel(*ORDERS))
    send(context(tmp_path, file_name="{batch}.xml"), parcel(ORDERS[0]))
    assert found(tmp_path) == {"1042-ab12cd34.xml": "0:7HT4KQ2M"}


def test_one_document_in_a_file_is_named_by_it_and_no_number_leaves_the_directory(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    own = context(folder, per_file="one", file_name="{number}-{document}-v{version}.txt")
    where = sent(own, parcel(*ORDERS))
    assert found(folder) == {"7HT4KQ2M-17-v2.txt": "1:7HT4KQ2M", "A_.._B-18-v2.txt": "2:A/../B"}
    assert where[18] == f"{folder}/A_.._B-18-v2.txt"
    assert list(tmp_path.iterdir()) == [folder]


def test_documents_that_would_come_into_one_file_are_not_written(tmp_path: Path) -> None:
    own = context(tmp_path, per_file="one", file_name="{number}")
    with pytest.raises(ConfigError) as caught:
        send(own, parcel(document(1, "same"), document(2, "SAME")))
    assert caught.value.code == "file_names_not_unique"
    assert found(tmp_path) == {}


def test_a_name_without_the_batch_waits_for_the_file_before_it_or_replaces_it(tmp_path: Path) -> None:
    first, second = parcel(document(1, "first")), parcel(document(2, "second"), id="1043-ab12cd34")
    send(context(tmp_path, file_name="orders.xml"), first)
    with pytest.raises(TransientError) as caught:
        send(context(tmp_path, file_name="orders.xml"), second)
    assert (caught.value.code, caught.value.params["nothing_arrived"]) == ("file_in_the_way", True)
    assert found(tmp_path) == {"orders.xml": "0:first"}
    send(context(tmp_path, file_name="orders.xml", existing="replace"), second)
    assert found(tmp_path) == {"orders.xml": "0:second"}


def test_what_has_landed_is_left_out_and_the_others_keep_their_names_and_places(tmp_path: Path) -> None:
    one = {"per_file": "one", "file_name": "{number}_{document}"}
    three = parcel(*ORDERS, document(19, "last"), landed={17, 18})
    assert sent(context(tmp_path, **one), three) == {19: f"{tmp_path}/last_19.xml"}
    assert found(tmp_path) == {"last_19.xml": "3:last"}
    assert sent(context(tmp_path, file_name="rest.xml"), three) == {19: f"{tmp_path}/rest.xml"}
    assert found(tmp_path)["rest.xml"] == "0:last", "also where the settings changed in between"
    gone = context(tmp_path / "gone", **one)
    assert sent(gone, parcel(*ORDERS, landed={17, 18})) == {}, "nothing is left to open the folder for"


@with_sshd
def test_what_landed_before_the_line_broke_is_noted_and_what_did_not_is_not() -> None:
    noted: list[int] = []
    with SshServer().running() as ssh:

        def write(some: Sequence[Mapping[str, Any]], part: int) -> Iterator[bytes]:
            if part == 2:
                ssh.stop()
            yield b"x" * 100_000

        options = clean(EXPORT_DOCUMENTS.options, {"per_file": "one", "file_name": "{document}.xml"})
        there = Context(account="n", settings=ssh.settings(), options=options)
        with pytest.raises(TransientError):
            send(there, parcel(*ORDERS, write=write, note_landed=lambda some, _where: noted.extend(some)))
        assert noted == [17]
        assert "17.xml" in [path.name for path in ssh.folder.iterdir()]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("../orders", "not_a_file_name"), ("a/b", "not_a_file_name"), ("a\\b", "not_a_file_name"),
        (".hidden", "not_a_file_name"), ("a:b", "not_a_file_name"), ("ordini_è", "not_a_file_name"),
        ("name.", "not_a_file_name"), ("{batch", "not_a_file_name"), ("nul.xml", "not_a_file_name"),
        ("{year}", "unknown_name_field"), ("{batch.__class__}", "unknown_name_field"), ("{}", "unknown_name_field"),
        ("x" * 121, "file_name_too_long"), ("ORDERS_{date}_{time}_{batch}.xml", None), ("{number}", None),
        ("Ordini (nuovi) {date}.csv", None),
    ],
)  # fmt: skip
def test_a_pattern_that_is_no_name_everywhere_is_refused(pattern: str, code: str | None) -> None:
    assert pattern_problem(pattern) == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"per_file": "one", "file_name": "{batch}"}, "name_needs_document"),
        ({"file_name": "{batch}_{number}"}, "name_of_one_document"),
        ({"file_name": "{version}"}, "name_of_one_document"),
    ],
)
def test_a_pattern_fits_to_what_a_file_holds(options: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        clean(EXPORT_DOCUMENTS.options, options)
    assert [(one.option, one.code) for one in caught.value.problems] == [("file_name", code)]


def test_edifact_takes_orders_only_and_wants_both_parties() -> None:
    with pytest.raises(InvalidOptions) as caught:
        clean(EXPORT_DOCUMENTS.options, {"format": "edifact", "sender": "ä"})
    assert {one.option: one.code for one in caught.value.problems} == {
        "sender": "not_a_party_id", "receiver": "missing_option",
    }  # fmt: skip
    options = clean(EXPORT_DOCUMENTS.options, {"format": "edifact", "sender": "1", "receiver": "2"})
    assert wanted(options).types == {"order"}
    assert wanted(clean(EXPORT_DOCUMENTS.options, {})).types == frozenset()


def settings(**given: Any) -> dict[str, Any]:
    return clean(files.NODE_TYPE.options, given)


@pytest.mark.parametrize(
    ("given", "option", "code"),
    [
        ({"place": "folder", "folder": "orders"}, "folder", "not_an_absolute_path"),
        ({"place": "folder", "folder": "/srv/../etc"}, "folder", "not_an_absolute_path"),
        ({"place": "folder"}, "folder", "missing_option"),
        ({"place": "sftp", "host": "sftp://x", "user": "u"}, "host", "not_a_host"),
        ({"place": "sftp", "host": "x", "user": "u", "port": 0}, "port", "not_a_port"),
        ({"place": "sftp", "host": "x", "user": "u", "host_key": "MD5:ab"}, "host_key", "not_a_fingerprint"),
        ({"place": "ftps", "host": "x", "user": "u", "certificate": "ab:cd"}, "certificate", "not_a_certificate_fingerprint"),
        ({"place": "ftp", "host": "x", "user": "u"}, "unencrypted", "ftp_not_agreed"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_when_they_are_saved(given: Any, option: str, code: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        settings(**given)
    assert (option, code) in [(one.option, one.code) for one in caught.value.problems]


def test_a_key_keeps_its_lines_and_what_does_not_apply_is_left_out() -> None:
    kept = settings(place="sftp", host="x", user="u", private_key="\r\nBEGIN\r\nabc \nEND\n", certificate="ab")
    assert (kept["private_key"], kept.get("certificate")) == ("BEGIN\nabc\nEND", None)


def tried(**given: Any) -> list[CheckResult]:
    return files.NODE_TYPE.check(Context(account="n", settings=given))  # type: ignore[misc]


def codes(results: list[CheckResult]) -> list[str]:
    return [one.code for one in results]


def test_a_folder_is_tried_by_writing_and_nothing_stays(tmp_path: Path) -> None:
    assert codes(tried(place="folder", folder=str(tmp_path))) == ["folder_seen", "written_and_removed"]
    assert list(tmp_path.iterdir()) == []
    assert codes(tried(place="folder", folder=str(tmp_path / "none"))) == ["directory_missing", "not_come_so_far"]


@with_sshd
def test_an_sftp_server_is_trusted_by_its_key_before_anything_is_told_to_it() -> None:
    went = ["server_answers", "host_key_known", "signed_in_there", "directory_seen", "written_and_removed"]
    with SshServer().running() as ssh:
        assert codes(tried(**ssh.settings())) == went
        unknown = tried(**ssh.settings(host_key=[]))
        assert codes(unknown) == ["server_answers", "host_key_unknown", *["not_come_so_far"] * 3]
        assert unknown[1].params["seen"] == ssh.host_key
        assert codes(tried(**ssh.settings(host_key=["SHA256:" + "A" * 43, ssh.host_key]))) == went
        assert codes(tried(**ssh.settings(host_key=[ssh.other_key]))) == went, "its key of another kind"
        settings = ssh.settings()
        ssh.change_host_key()
        changed = tried(**settings)
        assert codes(changed)[1:3] == ["host_key_changed", "not_come_so_far"]
        assert changed[1].params["seen"] == ssh.host_key
        assert ssh.user not in ssh.log.rpartition("Server listening")[2], "not even who we are"
        with pytest.raises(ConfigError):
            send(Context(account="n", settings=settings, options={}), parcel(*ORDERS))


@with_sshd
def test_a_wrong_password_or_key_is_said_and_no_secret_is_quoted() -> None:
    with SshServer().running() as ssh:
        wrong = tried(**ssh.settings(private_key="", password="hunter2"))
        assert codes(wrong)[2:4] == ["files_sign_in_refused", "not_come_so_far"]
        assert codes(tried(**ssh.settings(private_key="nonsense")))[2] == "key_unreadable"
        assert codes(tried(**ssh.settings(private_key=""))[2:3]) == ["no_way_to_sign_in"]
        assert "hunter2" not in repr(wrong)


def test_an_ftp_server_is_trusted_by_its_certificate_before_the_password_is_told() -> None:
    with FtpServer().running() as ftp:
        went = ["server_answers", "certificate_known", "signed_in_there", "directory_seen", "written_and_removed"]
        assert codes(tried(**ftp.settings())) == went
        unknown, changed = tried(**ftp.settings(certificate="")), tried(**ftp.settings(certificate="00" * 32))
        assert (codes(unknown)[1:3], unknown[1].params["seen"]) == (
            ["certificate_unknown", "not_come_so_far"], ftp.certificate,
        )  # fmt: skip
        assert (codes(changed)[1:3], changed[1].params["seen"]) == (
            ["certificate_changed", "not_come_so_far"], ftp.certificate,
        )  # fmt: skip
        wrong = tried(**ftp.settings(password="hunter2"))
        assert codes(wrong)[2:4] == ["files_sign_in_refused", "not_come_so_far"]
        assert "hunter2" not in repr(wrong)


def test_a_server_without_tls_is_not_spoken_to_unless_somebody_said_so() -> None:
    with FtpServer(tls=False).running() as ftp:
        assert codes(tried(**ftp.settings(place="ftps")))[:3] == ["server_answers", "no_tls", "not_come_so_far"]
        results = tried(**ftp.settings())
        assert codes(results) == [
            "server_answers", "signed_in_there", "directory_seen", "written_and_removed", "transfer_not_encrypted",
        ]  # fmt: skip
        assert results[-1].outcome is Outcome.WARNING


def test_a_server_that_is_not_there_is_a_matter_of_time() -> None:
    result = tried(place="sftp", host="127.0.0.1", port=1, user="u", password="p")[0]
    assert (result.code, result.outcome) == ("files_server_unreachable", Outcome.UNREACHABLE)
