"""`python -m api.cli`: the program without its script."""

from api.cli.main import main

main()
