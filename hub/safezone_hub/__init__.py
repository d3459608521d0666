"""The reference hub of the u-Seoul Safe Zone service: ingest, rules, incidents, storage, notices, HTTP.

Imports the model (``safezone_model``) and nothing else of ours. Start with ``serve.build_hub``,
follow a message with ``pipeline``, read a rule in ``rules/``.
"""

__version__ = "0.1.0"
