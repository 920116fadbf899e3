"""`python -m acl_graph` and the `acl-graph` command."""

import signal

from acl_graph.unfinished import leave


def main() -> None:
    """Run the command line. Ctrl-C is answered from here on, before the commands are even loaded."""
    signal.signal(signal.SIGINT, leave)
    from acl_graph.cli import main as run

    run()


if __name__ == "__main__":
    main()
