"""`python -m acl_graph` and the `acl-graph` command."""

import signal

from acl_graph.safe_output.interrupts import leave


def main() -> None:
    """Run the command line. Ctrl-C and SIGTERM are answered from here on, before the commands are even loaded."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    from acl_graph.cli import main as run

    run()


if __name__ == "__main__":
    main()
