"""`python -m amazon_simulator`: the simulated Amazon by itself, until Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, DIALS, Setting, Simulator, dials, numbered_accounts


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM, then return 0; 1 if the port cannot be had."""
    options = _parser().parse_args(argv)
    try:
        simulator = _simulator(options)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sys.stderr.write(f"Cannot listen on {options.host}:{options.port} ({reason}); choose another --port.\n")
        return 1
    stop = Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    with simulator:
        tokens = ",".join(account.refresh_token for account in simulator.accounts)
        sys.stdout.write(
            f"Simulated Amazon at {simulator.url} client_id={CLIENT_ID}"
            f" client_secret={CLIENT_SECRET} refresh_tokens={tokens}\n"
        )
        sys.stdout.flush()
        stop.wait()
    return 0


def _simulator(options: argparse.Namespace) -> Simulator:
    latency = [Setting(name="slow", value=options.latency)] if options.latency else []
    return Simulator(
        seed=options.seed,
        orders=options.orders,
        df_orders=options.df_orders,
        days=options.days,
        lines=options.lines,
        accounts=numbered_accounts(options.accounts, options.orders) if options.accounts else None,
        now=options.now,
        anchor=options.anchor,
        rate_limit=not options.no_rate_limit,
        strict=options.strict,
        dials=[*latency, *options.dial],
        host=options.host,
        port=options.port,
        verbose=options.verbose,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="amazon_simulator",
        description="A simulated Amazon for vendors: login, retail and Direct Fulfillment orders, with dials.",
        epilog="dials:\n" + "\n".join(f"  {d.name:23}{d.does}" for d in DIALS.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8990, help="0 takes a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="(default: %(default)s)")
    add("--orders", type=_count, default=500, help="of the first account (default: %(default)s)")
    add(
        "--df-orders",
        type=_count,
        help="Direct Fulfillment orders of the first account (default: a vendor of Retail alone)",
    )
    add("--accounts", type=_positive, help="these many, each with --orders of Retail (default: two)")
    add(
        "--days",
        type=_positive,
        default=180,
        help="before the anchor (default: %(default)s)",
    )
    add("--seed", type=int, default=1, help="the same one gives the same orders")
    add("--lines", type=_positive, help="of each retail order (default: 1 to 25)")
    add("--now", type=_moment, help="what is taken for the present at the start (default: it is)")
    add("--anchor", type=_moment, help="all orders lie before (default: --now, or midnight UTC)")
    add("--latency", type=float, metavar="MS", help="milliseconds added to each answer")
    add("--no-rate-limit", action="store_true", help="let any number of requests through")
    add("--strict", action="store_true", help="refuse parameters that Amazon would ignore")
    add(
        "--dial",
        type=_dial,
        action="append",
        default=[],
        metavar="NAME[=VALUE][,times=N,...]",
        help="switch a fault on; options: times, start, probability, operation, account",
    )
    add("--verbose", action="store_true", help="write a line for each request")
    return parser


def _dial(text: str) -> Setting:
    try:
        return dials.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return int(text)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
