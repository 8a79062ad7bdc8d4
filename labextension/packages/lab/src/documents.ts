import type { FileChange } from '@dotscience/ui';

/** An open document, as far as others' changes concern it. */
export interface OpenDocument {
  readonly path: string;
  readonly localPath?: string;
  /** Where several people edit it at once (`collaborative`), the server itself brings what is on its disk. */
  readonly model: { readonly dirty: boolean; readonly collaborative?: boolean };
  revert(): Promise<void>;
}

/** Paths of documents with changes that nobody has saved. */
export function unsaved(open: Iterable<OpenDocument>): string[] {
  return [...distinct(open)].filter(document => document.model.dirty).map(pathOf);
}

/** Shows what is on the disk now in those open documents whose files were written; one that was typed into meanwhile stays. */
export async function reload(open: Iterable<OpenDocument>, written: readonly FileChange[]): Promise<void> {
  const paths = new Set(written.filter(change => change.kind !== 'deleted').map(change => change.path));
  const stale = [...distinct(open)].filter(document => paths.has(pathOf(document)) && !document.model.dirty);
  await Promise.all(stale.filter(document => !document.model.collaborative).map(document => document.revert()));
}

/** A document may be open in several tabs. */
function distinct(open: Iterable<OpenDocument>): Set<OpenDocument> {
  return new Set(open);
}

function pathOf(document: OpenDocument): string {
  return document.localPath ?? document.path;
}
