import { Ago } from "./Ago";
import type { RecordedRun } from "./run";
import { Files, Values } from "./Values";

/** What a card of a run can do. */
export interface RunActions {
  /** Opens a file of the workspace. */
  readonly onOpenFile?: (path: string) => void;
  /** Where the hub shows the run; no link without. */
  readonly href?: string;
}

/** A run with all that was recorded of it, as one card. */
export function RunCard({ run, time, onOpenFile, href }: { readonly run: RecordedRun; readonly time: string } & RunActions): JSX.Element {
  return (
    <article className={`ds-card${run.error ? " ds-failed" : ""}`} aria-label={`Run ${title(run)}`}>
      <header>
        <h3>{href ? <a href={href} target="_blank" rel="noopener">{title(run)}</a> : title(run)}</h3>
        <span className="ds-quiet">
          <Ago time={time} />
          {run.workload_file && <> · {run.workload_file}</>} · <code title={run.id}>{run.id.slice(0, 8)}</code>
        </span>
      </header>
      {run.error && <p className="ds-error">{run.error}</p>}
      {run.authority === "correction" && (
        <p className="ds-hint">
          These files changed and no run claims them: name them with <code>ds.input</code> or <code>ds.output</code>.
        </p>
      )}
      <Values title="Summary" values={run.summary} />
      <Values title="Parameters" values={run.parameters} />
      <Values title="Labels" values={run.labels} />
      <Files title="Inputs" files={run.inputs} onOpen={onOpenFile} />
      <Files title="Outputs" files={run.outputs} onOpen={onOpenFile} />
    </article>
  );
}

function title(run: RecordedRun): string {
  if (run.description) return run.description;
  return run.authority === "correction" ? "Files that no run claims" : "Run without a description";
}
