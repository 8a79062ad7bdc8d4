import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";

/** Milliseconds between two times that the same is asked for again. */
const SHORTEST = 500;
const LONGEST = 30_000;
/** A page asks at most a fifth of the time: what takes long to answer is asked for less often. */
const SHARE = 4;
/** So many rows are asked for again by themselves; of those who have read further on, the first pages do not jump. */
const ROWS = 500;

interface Pages {
  readonly pages?: readonly { readonly items?: readonly unknown[] }[];
}

/** Asks for answers again that are old, one time after another: however often it is told, and however slow the hub is. */
export class Refresher {
  /** What is being asked for; whether it must be once more. */
  private readonly busy = new Map<string, boolean>();

  constructor(private readonly queries: QueryClient) {}

  /** The answers whose keys begin like this are old; those that a page shows are asked for now. */
  refresh(key: QueryKey): void {
    const name = JSON.stringify(key);
    const isBusy = this.busy.has(name);
    this.busy.set(name, isBusy);
    if (!isBusy) void this.run(key, name);
  }

  private async run(key: QueryKey, name: string): Promise<void> {
    do {
      const began = performance.now();
      // A first answer on its way may be from before the change, and is not asked for again now.
      this.busy.set(name, this.queries.isFetching({ queryKey: key, predicate: ({ state }) => state.data === undefined }) > 0);
      await this.queries.invalidateQueries({ queryKey: key, predicate: canChange, refetchType: "none" });
      await this.queries.refetchQueries({ queryKey: key, type: "active", predicate: (query) => canChange(query) && isShort(query) });
      const took = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(SHARE * took, SHORTEST), LONGEST)));
    } while (this.busy.get(name));
    this.busy.delete(name);
  }
}

/** Contents and versions by their ids stay what they are. */
function canChange({ options }: Query): boolean {
  return (options as { staleTime?: unknown }).staleTime !== Infinity;
}

function isShort({ state }: Query): boolean {
  const { pages } = (state.data ?? {}) as Pages;
  return !Array.isArray(pages) || pages.length <= 1 || pages.reduce((rows, page) => rows + (page.items?.length ?? 0), 0) <= ROWS;
}
