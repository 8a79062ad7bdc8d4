import { cellsOf, NotebookDiff } from '@dotscience/ui';

import type { NotebookChange } from './history';

/** What differs in a notebook, cell by cell. */
export function DiffView({ change }: { readonly change: NotebookChange }): JSX.Element {
  return <NotebookDiff cells={cellsOf(change.base, change.diff)} />;
}
