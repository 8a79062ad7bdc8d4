"""A contract for import-linter: which distributions a package may import beside the standard library.

Its own contract types can forbid names, but a list of forbidden names says nothing about the next dependency that
somebody adds. What is allowed is written down here instead.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class AllowedPackages(Contract):
    """Modules of `sources` import the standard library, the repository's own packages, and `allowed`, nothing else."""

    sources = fields.SetField(subfield=fields.StringField())
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at the direct imports of each module below the sources."""
        output.verbose_print(verbose, f"Looking at {sorted(self.sources)}...")
        own = {module for module in graph.modules if not graph.is_module_squashed(module)}
        found = sorted(
            (importer, imported)
            for source in self.sources
            for importer in _below(graph, source)
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported not in own and not self._is_allowed(imported)
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def _is_allowed(self, package: str) -> bool:
        return package in self.allowed or package.partition(".")[0] in sys.stdlib_module_names

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that has no place here."""
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}")


def _below(graph: ImportGraph, source: str) -> set[str]:
    """Return the module and its descendants; a package that does not exist yet has none."""
    return {source} | graph.find_descendants(source) if source in graph.modules else set()
