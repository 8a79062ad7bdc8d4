/** What JupyterLab, notebook widgets and the hub's pages show alike. */
export { Ago, ago, duration } from "./Ago";
export { cellsOf, type CellDiff, type DiffOp, type Line, type Notebook } from "./notebookcells";
export { Lines, NotebookDiff } from "./NotebookDiff";
export type { RecordedRun } from "./run";
export { RunCard, type RunActions } from "./RunCard";
export { STATES, type FileChange, type Standing, type State } from "./standing";
export { counted, StandingView, type StandingActions } from "./StandingView";
export { Clamped, Files, split, Values } from "./Values";
export { ATTRIBUTES, columnId, KINDS, parseColumn, quoted, tabled, toNumber, valueOf, type Column, type Kind, type TabledRun } from "./runs/columns";
export { compared, type Compared } from "./runs/compare";
export { csv } from "./runs/csv";
export { ALIGNMENTS, extended, lastRow, pointsOf, positive, smoothed, type Alignment, type Curve } from "./runs/curves";
export { completions, placeIn, type Completion } from "./runs/filter";
export { grouped, type Group, type Spread } from "./runs/groups";
