import { useEffect, useState } from 'react';

import { commits, type Commit } from './history';
import type { Host } from './host';

/** Versions as far as they were asked for. */
export interface Loaded {
  readonly items: readonly Commit[];
  readonly problem: string;
  readonly busy: boolean;
  /** Gets the next page; nothing when all are there. */
  readonly more?: () => void;
}

interface State {
  readonly items: readonly Commit[];
  readonly next: string | null;
  readonly problem: string;
  readonly busy: boolean;
}

const NOTHING: State = { items: [], next: null, problem: '', busy: true };

/** The workspace's versions, or those of one file: the newest at first, and again after each new one. */
export function useCommits(host: Host, path?: string): Loaded {
  const [state, setState] = useState<State>(NOTHING);
  const head = host.model.status?.commit;
  const { settings } = host.model;
  useEffect(() => {
    let given = true;
    setState(old => ({ ...old, busy: true }));
    commits(settings, path).then(
      page => given && setState({ items: page.items, next: page.next, problem: '', busy: false }),
      error => given && setState(old => ({ ...old, problem: String(error.message), busy: false }))
    );
    return () => {
      given = false;
    };
  }, [settings, path, head]);
  const more = async (cursor: string) => {
    setState(old => ({ ...old, busy: true }));
    try {
      const page = await commits(settings, path, cursor);
      setState(old => ({ ...old, items: [...old.items, ...page.items], next: page.next, busy: false }));
    } catch (error) {
      setState(old => ({ ...old, problem: String((error as Error).message), busy: false }));
    }
  };
  const { next, ...shown } = state;
  return next === null ? shown : { ...shown, more: () => void more(next) };
}
