import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';

import type { Host } from './host';
import { HistoryPage } from './HistoryPage';
import { RunsPage } from './RunsPage';
import { SaveForm } from './SaveForm';
import { StatusPage } from './StatusPage';

const PAGES = { Status: StatusPage, Runs: RunsPage, History: HistoryPage } as const;
type PageName = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as PageName[];

/** The panel: a version on request above, and below it how the workspace stands, its runs, or its history. */
export function Panel({ host }: { readonly host: Host }): JSX.Element {
  const [page, setPage] = useState<PageName>('Status');
  const { model } = host;
  useChanges(host);
  if (!model.isBound) {
    return <Unbound problem={model.problem} waiting={model.status === null && !model.problem} />;
  }
  return (
    <>
      <SaveForm onSave={message => host.save(message)} />
      <Tabs page={page} onChoose={setPage} host={host} />
    </>
  );
}

function Tabs({ page, onChoose, host }: { page: PageName; onChoose: (page: PageName) => void; host: Host }): JSX.Element {
  const id = useId();
  const tabs = useRef<HTMLDivElement>(null);
  const Page = PAGES[page];
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) {
      return;
    }
    const next = (NAMES.indexOf(page) + step + NAMES.length) % NAMES.length;
    onChoose(NAMES[next]!);
    (tabs.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label="Dotscience" className="ds-tabs" ref={tabs} onKeyDown={move}>
        {NAMES.map(name => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}${name}`}
            aria-selected={name === page}
            aria-controls={`${id}page`}
            tabIndex={name === page ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" className="ds-page" id={`${id}page`} aria-labelledby={`${id}${page}`} tabIndex={0}>
        <Page host={host} />
      </div>
    </>
  );
}

function Unbound({ problem, waiting }: { problem: string; waiting: boolean }): JSX.Element {
  if (waiting) {
    return <p className="ds-page ds-hint">Asking the Jupyter server…</p>;
  }
  return (
    <div className="ds-page">
      {problem && <p className="ds-error">{problem}</p>}
      <p>This folder belongs to no Dotscience project, so no versions are kept. In a terminal:</p>
      <pre>
        ds login USERNAME{'\n'}ds init PROJECT
      </pre>
      <p className="ds-hint">
        makes this folder a project's workspace; <code>ds clone PROJECT</code> gets one that is on the hub. Start JupyterLab
        in it then.
      </p>
    </div>
  );
}

/** Draws again after each change of the model. */
export function useChanges(host: Host): void {
  const [, draw] = useState(0);
  useEffect(() => {
    const changed = () => draw(count => count + 1);
    host.model.changed.connect(changed);
    return () => void host.model.changed.disconnect(changed);
  }, [host]);
}
