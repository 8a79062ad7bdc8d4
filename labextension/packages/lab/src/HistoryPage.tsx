import { Ago } from '@dotscience/ui';
import { useState } from 'react';

import { useCommits } from './commitpages';
import type { Commit } from './history';
import type { Host } from './host';
import { More } from './RunsPage';

/** Versions of the workspace, or of the file in front. */
export function HistoryPage({ host }: { readonly host: Host }): JSX.Element {
  const [one, setOne] = useState(true);
  const current = host.currentPath();
  const path = one ? current : undefined;
  const loaded = useCommits(host, path);
  return (
    <>
      {current && (
        <p>
          <label>
            <input type="checkbox" checked={one} onChange={event => setOne(event.target.checked)} /> Only versions of{' '}
            <strong>{current}</strong>
          </label>
        </p>
      )}
      {loaded.problem && <p className="ds-error">{loaded.problem}</p>}
      {loaded.items.length === 0 && !loaded.busy && <p className="ds-hint">No versions yet. Save a file, or a version.</p>}
      {loaded.items.map((commit, index) => (
        <Version key={commit.id} host={host} commit={commit} path={path} newest={index === 0} />
      ))}
      <More loaded={loaded} />
    </>
  );
}

interface VersionProps {
  readonly host: Host;
  readonly commit: Commit;
  readonly path: string | undefined;
  readonly newest: boolean;
}

function Version({ host, commit, path, newest }: VersionProps): JSX.Element {
  const runs = commit.runs.length;
  const [subject] = commit.message.split('\n');
  return (
    <article className="ds-card" aria-label={`Version ${subject}`}>
      <header>
        <h3 title={commit.message}>{subject}</h3>
        <span className="ds-quiet">
          {commit.author}, <Ago time={commit.created} /> · <code title={commit.id}>{commit.id.slice(0, 7)}</code>
          {runs > 0 && ` · ${runs} ${runs === 1 ? 'run' : 'runs'}`}
        </span>
      </header>
      {path && <Actions host={host} commit={commit} path={path} newest={newest} />}
    </article>
  );
}

function Actions({ host, commit, path, newest }: VersionProps & { readonly path: string }): JSX.Element {
  const parent = commit.parents[0];
  const notebook = path.endsWith('.ipynb');
  return (
    <div className="ds-actions">
      {notebook && parent && (
        <button type="button" onClick={() => void host.compare(path, parent, commit.id)}>
          What changed
        </button>
      )}
      {notebook && !newest && (
        <button type="button" onClick={() => void host.compare(path, commit.id)}>
          Compare with now
        </button>
      )}
      <button type="button" onClick={() => void host.restore(path, commit.id)}>
        Open as a new file
      </button>
    </div>
  );
}
