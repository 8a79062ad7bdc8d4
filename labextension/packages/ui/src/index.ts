/** What JupyterLab, notebook widgets and the hub's pages show alike. */
export { Ago, ago, duration } from "./Ago";
export { cellsOf, type CellDiff, type DiffOp, type Line, type Notebook } from "./notebookcells";
export { Lines, NotebookDiff } from "./NotebookDiff";
export type { RecordedRun } from "./run";
export { RunCard, type RunActions } from "./RunCard";
export { STATES, type FileChange, type Standing, type State } from "./standing";
export { counted, StandingView, type StandingActions } from "./StandingView";
export { Clamped, Files, split, Values } from "./Values";
