"""The command line: the one module that sees every part."""

import click


@click.group()
def main() -> None:
    """safezone"""
