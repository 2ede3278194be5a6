"""Files on screen: a node's form with its secrets, what its test says, and where documents were put."""

import pytest
from amazon_orders import order
from django.utils import timezone

from approdo.backoffice.tests.conftest import saved
from approdo.nodes.models import Node
from approdo.processes import handing_over, runs
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleDocument

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def node_of_files(db, folder):
    return saved(Node(name="ERP folder", type="files", options={"place": "folder", "folder": str(folder)}))


def put(node, **options):
    """A run that put what waits into the folder."""
    files = saved(Connector(name="To folder", node=node, type="files.export_documents", options=options))
    run = Run.objects.create(
        connector=files, connector_name=files.name, state=Run.State.RUNNING, created_at=timezone.now()
    )
    assert handing_over.step(run)
    runs.succeed(run.pk)
    return run


def server(**changes):
    return {
        "name": "ERP server", "option_place": "sftp", "option_host": "sftp.example.com", "option_user": "approdo",
        "option_private_key": KEY.replace("\n", "\r\n"), "_continue": "1", **changes,
    }  # fmt: skip


def test_a_key_is_kept_with_its_lines_and_never_shown_again(admin_client):
    made = admin_client.post("/nodes/node/add/?type=files&name=ERP+server", server(), follow=True)
    node = Node.objects.get(name="ERP server")
    assert node.revealed() == {"private_key": KEY}
    assert "b3BlbnNzaC1rZXk" not in made.text
    page = f"/nodes/node/{node.pk}/change/"
    assert "b3BlbnNzaC1rZXk" not in admin_client.get(page).text
    kept = admin_client.post(page, server(option_private_key="", option_port="2222"), follow=True)
    assert kept.status_code == 200
    node.refresh_from_db()
    assert (node.revealed(), node.options["port"]) == ({"private_key": KEY}, 2222)
    wrong = admin_client.post(page, server(option_host="sftp://x"))
    assert "is not the name of a server" in wrong.text
    assert "b3BlbnNzaC1rZXk" not in wrong.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Take FTPS or SFTP, or tick that this may be."), ("it", "oppure spunta che va bene così")],
)
def test_ftp_without_tls_is_saved_only_where_somebody_says_so(admin_client, language, words):
    ftp = {"option_place": "ftp", "option_password": "x", "option_private_key": ""}
    headers = {"accept-language": language}
    refused = admin_client.post("/nodes/node/add/?type=files&name=FTP", server(name="FTP", **ftp), headers=headers)
    assert not Node.objects.filter(name="FTP").exists()
    assert words in refused.text
    agreed = server(name="FTP", option_unencrypted="on", **ftp)
    admin_client.post("/nodes/node/add/?type=files&name=FTP", agreed)
    assert Node.objects.get(name="FTP").options["unencrypted"] is True


def test_the_test_of_a_node_says_each_step_and_what_it_writes(admin_client, node_of_files, folder):
    page = admin_client.get(f"/nodes/node/{node_of_files.pk}/change/").text
    assert "then writes, renames and removes a small file" in page
    in_italian = {"accept-language": "it"}
    tested = admin_client.post(f"/nodes/node/{node_of_files.pk}/test/", headers=in_italian).text
    assert f"{folder} esiste." in tested
    assert "Un piccolo file è stato scritto" in tested
    assert list(folder.iterdir()) == []


def test_the_run_the_batch_and_the_document_say_where_it_is(admin_client, node_of_files, folder, receive_orders):
    receive_orders(order("PO000001"), order("PO000002"))
    run = put(node_of_files, format="csv")
    ((name, _),) = [(path.name, path) for path in folder.iterdir()]
    document = SaleDocument.objects.get(number="PO000001")
    batch = document.deliveries.get().batch
    for page in (
        f"/processes/run/{run.pk}/change/",
        f"/exchanges/batch/{batch.pk}/change/",
        f"/sales/saledocument/{document.pk}/change/",
    ):
        assert admin_client.get(page).text.count(f"{folder}/{name}") == 1
    assert str(folder) in admin_client.get("/exchanges/batch/").text


def test_many_files_are_listed_by_document_and_the_first_of_them_for_the_run(
    admin_client, node_of_files, folder, receive_orders
):
    receive_orders(*(order(f"PO0000{number:02}") for number in range(1, 26)))
    run = put(node_of_files, per_file="one", file_name="{number}.xml")
    page = admin_client.get(f"/processes/run/{run.pk}/change/").text
    assert (f"{folder}/PO000020.xml" in page, f"{folder}/PO000021.xml" in page) == (True, False)
    assert "The first ones; the pages of the batches show all." in page
    batch = SaleDocument.objects.get(number="PO000021").deliveries.get().batch
    assert f"{folder}/PO000021.xml" in admin_client.get(f"/exchanges/batch/{batch.pk}/change/").text
