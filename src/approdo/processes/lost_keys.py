"""The encryption keys are lost: what they sealed is given up, so that the installation can go on with others."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from approdo.nodes import secrets
from approdo.nodes.models import Node
from approdo.processes.models import Recipient
from approdo.sales import lost
from approdo.sales.lost import Unreadable


class Lost(NamedTuple):
    """What no key opens: nodes and recipients whose secrets these are, and what is sealed of consumers."""

    nodes: list[Node]
    recipients: list[Recipient]
    consumers: Unreadable

    @property
    def nothing(self) -> bool:
        """Whether our keys open everything."""
        return not (self.nodes or self.recipients or any(self.consumers))


def find() -> Lost:
    """Reads all that is sealed and changes nothing."""
    nodes = [node for node in Node.objects.exclude(secrets="") if not secrets.opens(node.secrets.encode())]
    sealed = Recipient.objects.exclude(sealed="")
    recipients = [one for one in sealed if not secrets.opens(one.sealed.encode())]
    return Lost(nodes, recipients, lost.unreadable())


@transaction.atomic
def forget(at: datetime) -> Lost:
    """Give up what no key opens: secrets are missing from then on, consumers count as purged. Returns what that was."""
    found = find()
    Node.objects.filter(pk__in=[node.pk for node in found.nodes]).update(secrets="")
    Recipient.objects.filter(pk__in=[one.pk for one in found.recipients]).update(sealed="", secret_lost=True)
    lost.give_up(found.consumers, at)
    return found
