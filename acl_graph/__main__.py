"""`python -m acl_graph` and the `acl-graph` command."""

from acl_graph.cli import main

if __name__ == "__main__":
    main()
