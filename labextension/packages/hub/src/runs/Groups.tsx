import { columnId, counted, grouped, parseColumn, quoted, type Group } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { Problems } from "../shell/Failure";
import { columnsQuery } from "./queries";

interface GroupsProps {
  readonly project: string;
  readonly filter: string | undefined;
  /** The column to group by. */
  readonly by: string;
  /** The columns shown: of summaries among them the spread is told. */
  readonly columns: readonly string[];
  /** Told of the filter for the runs of one group. */
  readonly onOpen: (filter: string) => void;
}

const SHOWN = 500;

/** How many runs have each value of a column, and how their summaries spread. */
export function Groups({ project, filter, by, columns, onOpen }: GroupsProps): JSX.Element {
  const summaries = columns.filter((id) => parseColumn(id)?.kind === "summary").slice(0, 6);
  const { data, error, isPlaceholderData } = useQuery(columnsQuery(project, [by, ...summaries.filter((id) => id !== by)], filter));
  const groups = useMemo(
    () => (data?.columns[by] === undefined ? undefined : grouped(data.columns[by], summaries.map((id) => data.columns[id] ?? []))),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [data, by, summaries.join("\n")],
  );
  if (groups === undefined) return error ? <Problems of={error} /> : <p role="status">Counting…</p>;
  return (
    <div className="scroll" aria-busy={isPlaceholderData}>
      <table>
        <thead>
          <tr>
            <th scope="col">{by}</th>
            <th scope="col">Runs</th>
            {summaries.map((id) => (
              <th key={id} scope="col">
                {id} <small>mean (least to most)</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.slice(0, SHOWN).map((group) => (
            <Row key={group.value ?? "\0"} group={group} onOpen={() => onOpen(narrowed(filter, by, group.value!))} />
          ))}
        </tbody>
      </table>
      <p className="ds-quiet">
        {counted(groups.length, "group")}
        {groups.length > SHOWN && `, the largest ${SHOWN} of them`}
      </p>
    </div>
  );
}

function Row({ group, onOpen }: { readonly group: Group; readonly onOpen: () => void }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        {group.value === null ? (
          <span className="ds-quiet">without it</span>
        ) : (
          <button type="button" className="ds-link" onClick={onOpen}>
            {group.value || '""'}
          </button>
        )}
      </th>
      <td>{group.runs.toLocaleString()}</td>
      {group.spreads.map((spread, index) => (
        <td key={index}>{spread && `${short(spread.mean)} (${short(spread.least)} to ${short(spread.most)})`}</td>
      ))}
    </tr>
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A filter with one more condition. */
export function narrowed(filter: string | undefined, column: string, value: string): string {
  const parsed = parseColumn(column);
  const condition = `${parsed ? columnId(parsed) : column} = ${quoted(value)}`;
  return filter ? `${filter} and ${condition}` : condition;
}
