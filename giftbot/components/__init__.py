"""Tanjun components: Discord on one side, a service on the other, a file per feature.

Types in the signatures here are resolved at run time by the injector: no imports under `TYPE_CHECKING`.
"""
