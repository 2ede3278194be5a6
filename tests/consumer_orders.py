"""Direct Fulfillment orders as Amazon writes them, of consumers who do not live."""

import json
from datetime import UTC, datetime
from typing import Any

from approdo.connectors.amazon_vendor.programs import DIRECT_FULFILLMENT
from approdo.sdk.documents import Batch, Received

ASKED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)

PERSONAL = (
    "Mario Rossi",
    "Scala B",
    "Via dell'Esempio 7",
    "Borgofinto",
    "00099",
    "+39 000",
    "zia Pina",
    "Grazie",
    "aHR0cHM6",
)
"""What of `order` says who the consumer is."""


def item(**changes: Any) -> dict[str, Any]:
    return {
        "itemSequenceNumber": "00001",
        "buyerProductIdentifier": "B0TEST0001",
        "vendorProductIdentifier": "8001234567890",
        "title": "Caffettiera",
        "orderedQuantity": {"amount": 2, "unitOfMeasure": "Each"},
        "giftDetails": {"giftMessage": "Auguri dalla zia Pina", "giftWrapId": "W1"},
        "netPrice": {"currencyCode": "EUR", "amount": "10.00"},
        "taxDetails": {
            "taxLineItem": [
                {
                    "taxRate": "0.22",
                    "taxAmount": {"currencyCode": "EUR", "amount": "4.40"},
                    "taxableAmount": {"currencyCode": "EUR", "amount": "20.00"},
                    "type": "VAT",
                }
            ]
        },
        "buyerCustomizedInfo": {"customizedUrl": "aHR0cHM6Ly9leGFtcGxlLmNvbS9yb3NzaQ=="},
        **changes,
    }


def order(number: str = "DF0000001", state: str = "NEW", **details: Any) -> dict[str, Any]:
    shipment = {
        "isPriorityShipment": False,
        "isPslipRequired": True,
        "isGift": True,
        "shipMethod": "BRT",
        "shipmentDates": {
            "requiredShipDate": "2026-05-02T21:59:59Z",
            "promisedDeliveryDate": "2026-05-05T21:59:59Z",
        },
        "messageToCustomer": "Grazie, signor Rossi",
        **details.pop("shipment", {}),
    }
    return {
        "purchaseOrderNumber": number,
        "orderDetails": {
            "customerOrderNumber": "999-1234567-7654321",
            "orderDate": "2026-04-30T10:00:00Z",
            "orderStatus": state,
            "shipmentDetails": shipment,
            "taxTotal": {"taxLineItem": [{"taxAmount": {"currencyCode": "EUR", "amount": "4.40"}, "type": "TOTAL"}]},
            "sellingParty": {"partyId": "ROSIT"},
            "shipFromParty": {"partyId": "WROS1"},
            "shipToParty": {
                "name": "Mario Rossi",
                "attention": "Scala B",
                "addressLine1": "Via dell'Esempio 7",
                "city": "Borgofinto",
                "stateOrRegion": "XX",
                "postalCode": "00099",
                "countryCode": "IT",
                "phone": "+39 000 0000000",
            },
            "billToParty": {"partyId": "AMZNIT", "address": {"name": "Mario Rossi", "countryCode": "IT"}},
            "items": [item()],
            **details,
        },
    }


def raw(one: dict[str, Any] | bytes) -> bytes:
    return one if isinstance(one, bytes) else json.dumps(one).encode()


def batch(*orders: dict[str, Any] | bytes, asked_at: datetime = ASKED_AT) -> Batch:
    numbers = [one.get("purchaseOrderNumber") if isinstance(one, dict) else None for one in orders]
    return Batch(
        program=DIRECT_FULFILLMENT.name,
        documents=[Received(number=number, raw=raw(one)) for number, one in zip(numbers, orders, strict=True)],
        asked_at=asked_at,
        decode=DIRECT_FULFILLMENT.decode,
        canonical=DIRECT_FULFILLMENT.canonical,
        privacy=DIRECT_FULFILLMENT.privacy,
    )
