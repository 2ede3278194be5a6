"""Which faults are switched on, for which requests, and how often they have struck."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amazon_simulator.faults import DIALS, Dial, On, Value
from amazon_simulator.login import OPERATION as LOGIN
from amazon_simulator.login import RESTRICTED_OPERATION

Struck = Mapping[str, Value]


@dataclass(frozen=True)
class Target:
    """A request as dials see it: of which operation and account, and which `on` it fits."""

    operation: str
    account: str | None
    is_list: bool
    is_next_page: bool

    @property
    def kinds(self) -> set[On]:
        """What dials may be `on` to strike it."""
        if self.operation == LOGIN:
            return {"login"}
        kinds: set[On] = {"call"}
        if self.operation == RESTRICTED_OPERATION:
            kinds.add("restricted_token")
        if self.is_list:
            kinds |= {"list", "next_page"} if self.is_next_page else {"list"}
        return kinds


class Setting(Struct, kw_only=True):
    """A dial that is on.

    It strikes the requests that match (`operation`, `account`; None: all vendor operations, but
    not the login; every account), from the `start`-th on, `times` times (None: for ever), each
    with `probability`. `matched` and `struck` count.
    """

    name: str
    value: Value = None
    operation: str | None = None
    account: str | None = None
    times: int | None = None
    start: int = 1
    probability: float = 1.0
    matched: int = 0
    struck: int = 0

    def strikes(self, random: Random) -> bool:
        """Count a matching request and say whether it is struck."""
        self.matched += 1
        over = self.times is not None and self.struck >= self.times
        if over or self.matched < self.start or random.random() >= self.probability:
            return False
        self.struck += 1
        return True


_SETTING = msgspec.json.Decoder(Setting)


class Dials:
    """The faults that are on. Safe to turn while requests are answered."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)  # noqa: S311
        self._lock = Lock()
        self._settings: list[Setting] = []

    def set(
        self,
        name: str,
        value: Value = None,
        *,
        operation: str | None = None,
        account: str | None = None,
        times: int | None = None,
        start: int = 1,
        probability: float = 1.0,
    ) -> Setting:
        """Switch a fault on. Raises ValueError for what is no dial, or no value for it."""
        return self.add(
            Setting(
                name=name,
                value=value,
                operation=operation,
                account=account,
                times=times,
                start=start,
                probability=probability,
            )
        )

    def add(self, setting: Setting) -> Setting:
        """Switch a fault on as `set` does; the same one for the same requests is replaced."""
        value = _value(_dial(setting.name), setting.value)
        setting = replace(setting, value=value, matched=0, struck=0)
        with self._lock:
            self._settings = [s for s in self._settings if _aim(s) != _aim(setting)]
            self._settings.append(setting)
        return setting

    def clear(self, name: str | None = None) -> None:
        """Switch a fault off, or all of them."""
        with self._lock:
            self._settings = [s for s in self._settings if name is not None and s.name != name]

    @property
    def settings(self) -> list[Setting]:
        """What is on, with its counts."""
        return list(self._settings)

    def strike(self, stage: Literal["arrival", "page"], target: Target) -> Struck:
        """The faults that strike this request now, with their values; counts them.

        Those that spoil a page are asked for only when there is a page, so that a request which was
        refused does not use them up; nor does one that another fault has answered already.
        """
        struck: dict[str, Value] = {}
        answered = False
        with self._lock:
            for setting in self._settings:
                dial = DIALS[setting.name]
                if (dial.page is not None) != (stage == "page") or (answered and dial.instead):
                    continue
                if _matches(setting, dial, target) and setting.strikes(self._random):
                    struck[dial.name] = setting.value
                    answered = answered or dial.instead is not None
        return struck


def parse(text: str) -> Setting:
    """Read `NAME[=VALUE][,times=N][,start=N][,probability=P][,operation=O][,account=A]`.

    Raises ValueError with a sentence.
    """
    first, *rest = text.split(",")
    name, _, value = first.partition("=")
    dial = _dial(name)
    options = dict(option.split("=", 1) for option in rest if "=" in option)
    # What has no equals sign goes on with the value: missing_fields=netCost,items
    value = ",".join([value, *(option for option in rest if "=" not in option)])
    unknown = options.keys() - _READ_OPTION.keys()
    if unknown:
        raise ValueError(f"A dial has no option {', '.join(sorted(unknown))}.")
    read = {option: _READ_OPTION[option](content) for option, content in options.items()}
    return _SETTING.decode(msgspec.json.encode({"name": name, "value": _value(dial, value or None), **read}))


_READ_OPTION: Mapping[str, Callable[[str], object]] = {
    "times": int,
    "start": int,
    "probability": float,
    "operation": str,
    "account": str,
}


def _dial(name: str) -> Dial:
    if name not in DIALS:
        raise ValueError(f"There is no dial {name!r}. There are: {', '.join(DIALS)}.")
    return DIALS[name]


def _aim(setting: Setting) -> tuple[str, str | None, str | None]:
    return setting.name, setting.operation, setting.account


def _matches(setting: Setting, dial: Dial, target: Target) -> bool:
    return (
        (dial.on in target.kinds or (dial.on == "call" and setting.operation == target.operation))
        and setting.operation in (None, target.operation)
        and setting.account in (None, target.account)
    )


def _value(dial: Dial, value: Value) -> Value:
    """What the setting's value is; raises ValueError for one that the dial cannot take."""
    if value is None:
        return dial.default
    if not dial.value:
        raise ValueError(f"The dial {dial.name} takes no value.")
    if isinstance(dial.default, str):
        return str(value)
    try:
        return float(value)
    except ValueError as error:
        raise ValueError(f"The value of {dial.name} is a number ({dial.value}).") from error
