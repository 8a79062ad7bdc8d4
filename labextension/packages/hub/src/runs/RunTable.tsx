import { Ago, columnId, counted, parseColumn, tabled, toNumber, valueOf, type Column } from "@dotscience/ui";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type CSSProperties } from "react";

import { State } from "../shell/State";
import { canSort, nameOf } from "./names";
import { NEWEST, type RunRow } from "./queries";

const ROW = 34;
/** Of a column; those that are not pinned share what the window has left, up to the second. */
const WIDTH = 160;
const WIDEST = 240;
const CHECK = 36;
/** So many characters of a value are there to be seen; it may have a million. */
const TITLE = 500;

interface RunTableProps {
  readonly project: string;
  readonly runs: readonly RunRow[];
  /** Whether there are more than these. */
  readonly more: boolean;
  readonly columns: readonly string[];
  readonly pinned: readonly string[];
  readonly sort: string | undefined;
  readonly selected: ReadonlySet<string>;
  readonly onSort: (id: string) => void;
  readonly onSelect: (id: string, selected: boolean) => void;
  /** Told when the end of what is there comes into sight. */
  readonly onEnd: () => void;
}

/** Runs as rows; only those in sight are drawn. */
export function RunTable(props: RunTableProps): JSX.Element {
  const { project, runs, more, selected, onSelect, onEnd } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const shown = columnsOf(props);
  const rows = useVirtualizer({ count: runs.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 12 });
  const seen = rows.getVirtualItems();
  const last = seen.at(-1)?.index ?? -1;
  useEffect(() => {
    if (more && last >= runs.length - 50) onEnd();
  }, [more, last, runs.length, onEnd]);
  const widths = shown.map(({ pinned }) => (pinned ? `${WIDTH}px` : `minmax(${WIDTH}px, ${WIDEST}px)`));
  const template = { gridTemplateColumns: [`${CHECK}px`, "var(--run-width)", ...widths].join(" ") };
  const minWidth = `calc(${CHECK + shown.length * WIDTH}px + var(--run-width))`;
  return (
    <div ref={scroll} className="runs-scroll" tabIndex={0} role="region" aria-label="Table of runs">
      <div role="table" aria-label="Runs" aria-rowcount={more ? -1 : runs.length + 1} aria-colcount={shown.length + 2} style={{ minWidth }}>
        <div role="rowgroup" className="runs-head">
          <Head {...props} shown={shown} template={template} />
        </div>
        <div role="rowgroup" style={{ height: rows.getTotalSize(), position: "relative" }}>
          {seen.map((row) => {
            const run = runs[row.index]!;
            const style = { ...template, transform: `translateY(${row.start}px)` };
            return (
              <div key={run.id} role="row" aria-rowindex={row.index + 2} className={`runs-row${selected.has(run.id) ? " chosen" : ""}`} style={style}>
                <span role="cell" className="stuck check">
                  <input
                    type="checkbox"
                    aria-label={`Select ${nameOf(run)}`}
                    checked={selected.has(run.id)}
                    onChange={(event) => onSelect(run.id, event.target.checked)}
                  />
                </span>
                <span role="rowheader" className="stuck name">
                  <Link to="/projects/$project/runs/$run" params={{ project, run: run.id }} title={run.description ?? run.id}>
                    {nameOf(run)}
                  </Link>
                  <CommentCount count={run.comments ?? 0} />
                </span>
                {shown.map((column, index) => (
                  <Cell key={column.id} run={run} column={column} place={index} />
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function CommentCount({ count }: { readonly count: number }): JSX.Element | null {
  return count === 0 ? null : (
    <span className="ds-quiet" title={counted(count, "comment")}>
      <span aria-hidden="true"> ❝{count}</span>
      <span className="unseen">{counted(count, "comment")}</span>
    </span>
  );
}

interface Shown extends Column {
  readonly id: string;
  readonly pinned: boolean;
}

/** The columns in the order in which they stand: the pinned ones first. */
function columnsOf({ columns, pinned }: Pick<RunTableProps, "columns" | "pinned">): Shown[] {
  const known = columns.flatMap((id) => {
    const column = parseColumn(id);
    return column ? [{ ...column, id, pinned: pinned.includes(id) }] : [];
  });
  return [...known.filter((column) => column.pinned), ...known.filter((column) => !column.pinned)];
}

function stuck({ pinned }: Shown, place: number): { className: string; style?: CSSProperties } {
  return pinned ? { className: "stuck pinned", style: { left: `calc(${CHECK + place * WIDTH}px + var(--run-width))` } } : { className: "" };
}

function Head({ shown, template, sort, onSort }: RunTableProps & { shown: readonly Shown[]; template: CSSProperties }): JSX.Element {
  const now = sort ?? NEWEST;
  return (
    <div role="row" aria-rowindex={1} className="runs-row" style={template}>
      <span role="columnheader" className="stuck check">
        <span className="unseen">Selected</span>
      </span>
      <span role="columnheader" className="stuck name">
        Run
      </span>
      {shown.map((column, place) => {
        const { className, style } = stuck(column, place);
        const order = now === column.id ? "ascending" : now === `-${column.id}` ? "descending" : undefined;
        const kind = column.kind && <small>{column.kind}</small>;
        return (
          <span key={column.id} role="columnheader" aria-sort={order} className={className} style={style} title={columnId(column)}>
            {canSort(column) ? (
              <button type="button" className="ds-link" onClick={() => onSort(column.id)}>
                {kind}
                {column.name}
                <span aria-hidden="true">{order === "ascending" ? " ↑" : order === "descending" ? " ↓" : ""}</span>
              </button>
            ) : (
              column.name
            )}
          </span>
        );
      })}
    </div>
  );
}

function Cell({ run, column, place }: { readonly run: RunRow; readonly column: Shown; readonly place: number }): JSX.Element {
  const value = valueOf(run, column);
  const { className, style } = stuck(column, place);
  const number = column.kind !== null && !Number.isNaN(toNumber(value));
  return (
    <span role="cell" className={`${className}${number ? " number" : ""}`} style={style} title={value?.slice(0, TITLE)}>
      {shownValue(run, column, value?.slice(0, TITLE))}
    </span>
  );
}

function shownValue(run: RunRow, { kind, name }: Column, value: string | undefined) {
  if (value === undefined) return value;
  if (kind !== null) return tabled(value);
  if (name === "status") return <State of={value} />;
  if (name === "created") return <Ago time={value} />;
  if (name !== "task" || run.task === null) return value;
  return (
    <Link to="/tasks/$task" params={{ task: run.task }}>
      {value.slice(0, 13)}
    </Link>
  );
}
