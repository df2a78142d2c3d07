"""``python -m soapkit``: the command line, where the ``soapkit`` command is not on the path."""

from soapkit.cli.main import main

main()
