import { Ago } from "./Ago";
import { STATES, type FileChange, type Standing } from "./standing";
import { Clamped, Files } from "./Values";

const LETTER = { new: "A", changed: "M", deleted: "D" } as const;

/** What a person can do about a standing. */
export interface StandingActions {
  readonly onOpenFile?: (path: string) => void;
  /** Ends a conflict: by this workspace's version of the files, or by the other side's. */
  readonly onResolve?: (keep: "mine" | "theirs") => void;
  /** Brings what others have changed into this workspace. */
  readonly onTakeIn?: () => void;
}

/** How the workspace stands: one word, what it means, and the files that are not in a version yet. */
export function StandingView({
  standing,
  changed,
  moreChanged,
  unclaimed,
  moreUnclaimed,
  incoming = [],
  moreIncoming = 0,
  onOpenFile,
  onResolve,
  onTakeIn,
}: {
  readonly standing: Standing;
  readonly changed: readonly FileChange[];
  readonly moreChanged: number;
  readonly unclaimed: readonly string[];
  readonly moreUnclaimed: number;
  /** What others have changed on main, and this workspace has not. */
  readonly incoming?: readonly FileChange[];
  readonly moreIncoming?: number;
} & StandingActions): JSX.Element {
  const { word, meaning } = STATES[standing.state];
  return (
    <section className="ds-standing">
      <p role="status" className={`ds-state ds-${standing.state}`}>
        <span className="ds-dot" aria-hidden="true" /> <strong>{word}</strong>
        {standing.queued > 0 && <span className="ds-quiet"> · {counted(standing.queued, "version")} waiting</span>}
      </p>
      <p>{standing.message || meaning}</p>
      <Facts standing={standing} />
      {standing.conflicts.length > 0 && <Conflicts paths={standing.conflicts} onOpenFile={onOpenFile} onResolve={onResolve} />}
      {standing.conflicts.length === 0 && <Incoming files={incoming} more={moreIncoming} onTakeIn={onTakeIn} />}
      <Changed title="Changed since the last version" files={changed} more={moreChanged} onOpenFile={onOpenFile} />
      <Files title="Changed, and claimed by no run" files={unclaimed} onOpen={onOpenFile} />
      {moreUnclaimed > 0 && <p className="ds-quiet">… and {counted(moreUnclaimed, "more file")} not listed</p>}
      <Files title="Not versioned" files={standing.skipped} />
    </section>
  );
}

function Facts({ standing }: { readonly standing: Standing }): JSX.Element {
  return (
    <dl className="ds-facts">
      <div>
        <dt>Project</dt>
        <dd>{standing.project_name || standing.project}</dd>
      </div>
      {standing.commit && (
        <div>
          <dt>Version</dt>
          <dd>
            <code title={standing.commit}>{standing.commit.slice(0, 7)}</code>
            {standing.branch !== "main" && ` on ${standing.branch}`}
            {standing.committed && (
              <>
                , <Ago time={standing.committed} />
              </>
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Conflicts({ paths, onOpenFile, onResolve }: { readonly paths: readonly string[] } & StandingActions): JSX.Element {
  return (
    <div className="ds-card ds-failed" role="alert">
      <Files title="Changed on both sides" files={paths} onOpen={onOpenFile} />
      <p>
        Both versions are kept. To bring them together by hand, open main's version beside yours under History, make yours
        as it shall be, and keep it.
      </p>
      {onResolve && (
        <div className="ds-actions">
          <button type="button" onClick={() => onResolve("mine")}>
            Keep mine
          </button>
          <button type="button" onClick={() => onResolve("theirs")}>
            Take theirs
          </button>
        </div>
      )}
    </div>
  );
}

/** What others have changed, and a button that brings it here. What is here is not touched before. */
function Incoming({ files, more, onTakeIn }: { readonly files: readonly FileChange[]; readonly more: number; readonly onTakeIn?: () => void }): JSX.Element | null {
  if (files.length === 0) return null;
  return (
    <div className="ds-card">
      <Changed title="Changed by others" files={files} more={more} />
      {onTakeIn && (
        <div className="ds-actions">
          <button type="button" onClick={onTakeIn}>
            Take in changes
          </button>
        </div>
      )}
    </div>
  );
}

interface ChangedProps {
  readonly title: string;
  readonly files: readonly FileChange[];
  readonly more: number;
  readonly onOpenFile?: (path: string) => void;
}

function Changed({ title, files, more, onOpenFile }: ChangedProps): JSX.Element | null {
  if (files.length === 0) return null;
  return (
    <section className="ds-files">
      <h4>{title}</h4>
      <Clamped
        as="ul"
        items={files.map(({ path, kind }) => (
          <li key={path}>
            <abbr title={kind} className={`ds-kind ds-${kind}`}>
              {LETTER[kind]}
            </abbr>{" "}
            {onOpenFile && kind !== "deleted" ? (
              <button type="button" className="ds-link" onClick={() => onOpenFile(path)}>
                {path}
              </button>
            ) : (
              path
            )}
          </li>
        ))}
      />
      {more > 0 && <p className="ds-quiet">… and {counted(more, "more file")} not listed</p>}
    </section>
  );
}

/** "1 version", "2 versions". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
