import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { columnsQuery, type Columns } from "./queries";

interface Picked {
  readonly columns: Columns | undefined;
  readonly error: Error | null;
}

/** Columns of the selected runs; of all that the filter leaves when none are selected. */
export function usePicked(project: string, ids: readonly string[], filter: string | undefined, selected: ReadonlySet<string>): Picked {
  const { data, error } = useQuery(columnsQuery(project, [...new Set(ids)].slice(0, 50), filter));
  const columns = useMemo(() => (data && selected.size > 0 ? onlyThose(data, selected) : data), [data, selected]);
  return { columns, error };
}

/** Columns of some of their runs. */
export function onlyThose({ runs, columns }: Columns, wanted: ReadonlySet<string>): Columns {
  const places = runs.flatMap((id, index) => (wanted.has(id) ? [index] : []));
  const kept = Object.entries(columns).map(([id, values]) => [id, places.map((place) => values[place]!)] as const);
  return { runs: places.map((place) => runs[place]!), columns: Object.fromEntries(kept) };
}
