import { Lines, NotebookDiff } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { Problems } from "../shell/Failure";
import { hunks, lineDiff, notebookDiff } from "./diff";
import { extensionOf } from "./names";
import { readNotebook } from "./notebook";
import { pageOf, type Place } from "./place";
import { contentQuery, useFile, type FileVersion } from "./queries";
import { NoText } from "./Rest";
import { decoded } from "./useText";

const MOST = 5_000_000;

interface DiffProps {
  readonly place: Place;
  readonly file: FileVersion;
  readonly at: string;
  readonly since: string;
}

/** What changed in a file between two versions. */
export function DiffView({ place, file, at, since }: DiffProps): JSX.Element {
  const older = useFile(place, since, file.path);
  const large = file.size > MOST || (older.file?.size ?? 0) > MOST;
  const now = useQuery({ ...contentQuery(place, file, at), enabled: !large });
  const old = useQuery({ ...contentQuery(place, older.file ?? file, since), enabled: Boolean(older.file) && !large });
  if (large) return <p className="empty">The file is too large to be compared here. Download both versions.</p>;
  const oldBytes = older.file === null ? new Uint8Array() : old.data;
  return (
    <>
      <p className="ds-quiet">
        Since{" "}
        <Link to={pageOf(place, `commits/${since}`)}>
          <code>{since.slice(0, 7)}</code>
        </Link>
        {older.file === null && ", where there was no such file"}
      </p>
      <Problems of={older.error ?? now.error ?? old.error} />
      {now.data && oldBytes && <Compared old={oldBytes} now={now.data} isNotebook={extensionOf(file.path) === "ipynb"} />}
    </>
  );
}

interface ComparedProps {
  readonly old: Uint8Array;
  readonly now: Uint8Array;
  readonly isNotebook: boolean;
}

function Compared({ old, now, isNotebook }: ComparedProps): JSX.Element {
  const [before, after] = useMemo(() => [decoded([old], true), decoded([now], true)], [old, now]);
  if (before === null || after === null) return <NoText />;
  if (before === after) return <p className="empty">The two versions are the same.</p>;
  return (isNotebook && <Notebooks old={before} now={after} />) || <Texts old={before} now={after} />;
}

function Notebooks({ old, now }: { readonly old: string; readonly now: string }): JSX.Element {
  const cells = useMemo(() => {
    const [before, after] = [old === "" ? [] : readNotebook(old), readNotebook(now)];
    return before && after && notebookDiff(before, after);
  }, [old, now]);
  return cells ? <NotebookDiff cells={cells} /> : <Texts old={old} now={now} />;
}

function Texts({ old, now }: { readonly old: string; readonly now: string }): JSX.Element {
  const parts = useMemo(() => {
    const lines = lineDiff(old, now);
    return lines && hunks(lines);
  }, [old, now]);
  if (!parts) return <p className="empty">The two versions have too little in common to be compared line by line.</p>;
  return (
    <div role="region" aria-label="Changes" tabIndex={0} className="scroll">
      {parts.map((part, index) =>
        typeof part === "number" ? (
          <p key={index} className="ds-quiet">
            {part === 1 ? "1 unchanged line" : `${part} unchanged lines`}
          </p>
        ) : (
          <Lines key={index} lines={part} />
        ),
      )}
    </div>
  );
}
