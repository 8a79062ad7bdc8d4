import type { DiffOp, Notebook, RecordedRun } from '@dotscience/ui';
import type { ServerConnection } from '@jupyterlab/services';

import { ask } from './server';

/** A version of the workspace. */
export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly message: string;
  readonly created: string;
  readonly runs: readonly RecordedRun[];
}

export interface CommitPage {
  readonly items: readonly Commit[];
  readonly next: string | null;
}

/** What differs in a notebook between two versions, in nbdime's format. */
export interface NotebookChange {
  readonly path: string;
  readonly base: Notebook;
  readonly diff: readonly DiffOp[];
}

/** Versions, newest first; of one file when a path is given. */
export function commits(settings: ServerConnection.ISettings, path?: string, cursor?: string): Promise<CommitPage> {
  return ask(settings, 'commits', { path, cursor, limit: 50 });
}

/** What a notebook has now, or had at `to`, that it had not at `base`. */
export function diff(settings: ServerConnection.ISettings, path: string, base: string, to?: string): Promise<NotebookChange> {
  return ask(settings, 'diff', { path, base, to });
}

/** Writes an old version of a file beside it; the new file's path. */
export async function restore(settings: ServerConnection.ISettings, path: string, at: string): Promise<string> {
  const body = JSON.stringify({ path, at });
  return (await ask<{ path: string }>(settings, 'restore', {}, { method: 'POST', body })).path;
}
