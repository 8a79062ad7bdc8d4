import type { FileChange, Standing } from '@dotscience/ui';
import type { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import { ask, Refused } from './server';

/** What the server extension says of the workspace. */
export interface Status extends Standing {
  /** Grows with every change; to wait for the next one. */
  readonly version: number;
  readonly changed_files: readonly FileChange[];
  readonly more_changed_files: number;
  /** What others have changed on main, and this folder has not. */
  readonly incoming_files: readonly FileChange[];
  readonly more_incoming_files: number;
  readonly unclaimed_files: readonly string[];
  readonly more_unclaimed_files: number;
  readonly environment: { readonly state: 'none' | 'installing' | 'ready' | 'failed'; readonly message: string };
  /** Where the hub shows the project; empty where no hub is known. */
  readonly hub_url: string;
}

/** What was written when others' changes were taken in. */
export interface Taken {
  /** Those that this server shows, by its own paths. */
  readonly files: readonly FileChange[];
  /** How many there were. */
  readonly total: number;
}

const WAIT_SECONDS = 25;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/**
 * The workspace's status, as it changes.
 *
 * One request is open at a time and is answered when something has changed. Nothing is asked while the tab is hidden.
 */
export class Model {
  constructor(readonly settings: ServerConnection.ISettings) {}

  /** The last status; null before the first, and while the server does not answer. */
  status: Status | null = null;
  /** Why there is no status; empty when there is one, or the first is awaited. */
  problem = '';

  private readonly _changed = new Signal<this, void>(this);
  private _stopped = false;

  /** Emitted after each change. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether this server keeps versions at all: its folder belongs to a project. */
  get isBound(): boolean {
    return this.status !== null && this.status.state !== 'unbound';
  }

  /** Makes a version now; resolves when it is made, to whether there was anything to save. */
  async save(message: string): Promise<boolean> {
    return (await this._put<Made>('commit', { message })).made;
  }

  /** Ends a conflict by this workspace's version of the files, or by the other side's. */
  async resolve(keep: 'mine' | 'theirs'): Promise<boolean> {
    return (await this._put<Made>('resolve', { keep })).made;
  }

  /** Brings what others have changed into the folder; refused when that would touch one of the documents with unsaved changes. */
  takeIn(unsaved: readonly string[]): Promise<Taken> {
    return this._put<Taken>('incoming', { unsaved });
  }

  /** Follows the status until {@link stop}. */
  async follow(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this._stopped) {
      await seen();
      try {
        this._note(await this._next(), '');
        pause = FIRST_PAUSE;
      } catch (error) {
        this._note(null, error instanceof Refused ? error.message : 'The Jupyter server does not answer.');
        await later(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
  }

  /** Has everything drawn again, as after a change. */
  touch(): void {
    this._changed.emit();
  }

  stop(): void {
    this._stopped = true;
    Signal.clearData(this);
  }

  private _put<Answer>(path: string, body: object): Promise<Answer> {
    return ask<Answer>(this.settings, path, {}, { method: 'PUT', body: JSON.stringify(body) });
  }

  private _next(): Promise<Status> {
    const after = this.status?.version;
    return ask<Status>(this.settings, 'status', after === undefined ? {} : { after, wait: WAIT_SECONDS });
  }

  private _note(status: Status | null, problem: string): void {
    const same = status?.version === this.status?.version && problem === this.problem;
    this.status = status;
    this.problem = problem;
    if (!same && !this._stopped) {
      this._changed.emit();
    }
  }
}

interface Made {
  readonly made: boolean;
}

function later(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** Resolves when the tab is seen. */
function seen(): Promise<void> {
  if (!document.hidden) {
    return Promise.resolve();
  }
  return new Promise(resolve => {
    const look = () => {
      if (!document.hidden) {
        document.removeEventListener('visibilitychange', look);
        resolve();
      }
    };
    document.addEventListener('visibilitychange', look);
  });
}
