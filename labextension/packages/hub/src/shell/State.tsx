const KIND: Readonly<Record<string, string>> = {
  online: "good",
  offline: "quiet",
  queued: "quiet",
  assigned: "busy",
  preparing: "busy",
  running: "busy",
  saving: "busy",
  succeeded: "good",
  failed: "bad",
  stopped: "warn",
  lost: "bad",
  ready: "good",
  waiting: "quiet",
  syncing: "busy",
};

/** The state of a task, run, runner or dataset: its word, and a dot in its colour. */
export function State({ of: state }: { readonly of: string }): JSX.Element {
  return (
    <span className={`state ${KIND[state] ?? "quiet"}`}>
      <span className="ds-dot" aria-hidden="true" /> {state}
    </span>
  );
}
