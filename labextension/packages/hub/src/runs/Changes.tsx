import { counted } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import { shown } from "../files/names";
import { pageOf, type Place } from "../files/place";
import { useFile, type ChangedFile } from "../files/queries";
import { Problems } from "../shell/Failure";
import { codeOf, sinceQuery } from "./code";
import { nameOf } from "./names";
import type { Run } from "./queries";

const DiffView = lazy(async () => ({ default: (await import("../files/DiffView")).DiffView }));
const SHOWN = 20;

interface ChangesProps {
  readonly project: string;
  readonly runs: readonly Run[];
}

/** What changed in code and notebooks, from the first run to each other one, line by line and cell by cell. */
export function Changes({ project, runs }: ChangesProps): JSX.Element | null {
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) return null;
  return (
    <section aria-label="Code">
      <h3>What changed in code and notebooks since {nameOf(first)}</h3>
      {others.map((run, index) => (
        <Since key={run.id} project={project} first={first} run={run} open={index === 0} />
      ))}
    </section>
  );
}

interface SinceProps {
  readonly project: string;
  readonly first: Run;
  readonly run: Run;
  /** Whether what changed most likely on purpose is shown at once. */
  readonly open: boolean;
}

function Since({ project, first, run, open }: SinceProps): JSX.Element {
  const [since, at] = [first.commit, run.commit];
  const [all, showAll] = useState(false);
  const found = useQuery({ ...sinceQuery(project, at ?? "", since ?? ""), enabled: since !== null && at !== null && since !== at });
  const files = found.data ? codeOf(found.data.items, first, run) : [];
  return (
    <>
      <h4>{nameOf(run)}</h4>
      <Problems of={found.error} />
      {(since === null || at === null) && <p className="ds-quiet">No version of the workspace is known of {since === null ? nameOf(first) : "it"}.</p>}
      {since !== null && at !== null && since !== at && found.isPending && <p role="status">Loading…</p>}
      {since !== null && since === at && <p className="ds-quiet">It belongs to the same version.</p>}
      {found.data && files.length === 0 && <p className="ds-quiet">Nothing but what the runs wrote.</p>}
      {at !== null && since !== null && files.slice(0, all ? undefined : SHOWN).map((file, index) => (
        <Difference key={file.path} project={project} file={file} at={at} since={since} start={open && index === 0} />
      ))}
      {files.length > SHOWN && !all && (
        <button type="button" className="ds-link" onClick={() => showAll(true)}>
          … and {counted(files.length - SHOWN, "file")} more
        </button>
      )}
    </>
  );
}

interface DifferenceProps {
  readonly project: string;
  readonly file: ChangedFile;
  readonly at: string;
  readonly since: string;
  readonly start: boolean;
}

function Difference({ project, file, at, since, start }: DifferenceProps): JSX.Element {
  const [open, setOpen] = useState(start);
  const place = { kind: "project", id: project } as const;
  const gone = file.change === "deleted";
  return (
    <details className="difference" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{shown(file.path)}</code> <span className="ds-quiet">{file.change}</span>
      </summary>
      <p>
        <Link to={pageOf(place, "files")} search={{ at: gone ? since : at, path: file.path, ...(!gone && { view: "diff", since }) } as never}>
          Open
        </Link>
      </p>
      {open && !gone && <Inline place={place} path={file.path} at={at} since={since} />}
    </details>
  );
}

function Inline({ place, path, at, since }: { place: Place; path: string; at: string; since: string }): JSX.Element {
  const { file, error } = useFile(place, at, path);
  return (
    <>
      <Problems of={error} />
      {file === null && <p className="ds-quiet">The file is not there any more.</p>}
      {file && (
        <Suspense fallback={<p role="status">Loading…</p>}>
          <DiffView place={place} file={file} at={at} since={since} />
        </Suspense>
      )}
    </>
  );
}
