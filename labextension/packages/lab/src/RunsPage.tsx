import { RunCard } from '@dotscience/ui';

import { useCommits, type Loaded } from './commitpages';
import type { Host } from './host';

const EXAMPLE = `import dotscience as ds

ds.start("learning rate")
lr = ds.parameter("lr", 0.1)
data = ds.input("data.csv")
…
ds.summary("accuracy", accuracy)
ds.publish()`;

/** The project's runs, newest first. */
export function RunsPage({ host }: { readonly host: Host }): JSX.Element {
  const loaded = useCommits(host);
  const runs = loaded.items.flatMap(commit => commit.runs.map(run => ({ run, commit })));
  const seen = new Set<string>();
  const once = runs.filter(({ run }) => !seen.has(run.id) && seen.add(run.id));
  return (
    <>
      {loaded.problem && <p className="ds-error">{loaded.problem}</p>}
      {once.map(({ run, commit }) => (
        <RunCard
          key={run.id}
          run={run}
          time={commit.created}
          href={linkTo(host, run.id)}
          onOpenFile={path => host.open(path)}
        />
      ))}
      {once.length === 0 && !loaded.busy && <NoRuns />}
      <More loaded={loaded} />
    </>
  );
}

function linkTo(host: Host, run: string): string | undefined {
  const { status } = host.model;
  const hub = host.hub();
  if (hub === undefined || !status?.project) {
    return undefined;
  }
  return `${hub}/services/dotscience/project/${status.project}/runs/metric/${encodeURIComponent(run)}`;
}

function NoRuns(): JSX.Element {
  return (
    <>
      <p>No runs yet. A run is what your code says of itself; in a notebook:</p>
      <pre className="ds-lines">{EXAMPLE}</pre>
    </>
  );
}

/** A button for older ones, where there are any. */
export function More({ loaded }: { readonly loaded: Loaded }): JSX.Element | null {
  return loaded.more ? (
    <button type="button" className="ds-action" disabled={loaded.busy} onClick={loaded.more}>
      Older
    </button>
  ) : null;
}
