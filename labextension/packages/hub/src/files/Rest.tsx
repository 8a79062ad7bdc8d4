import { sizeOf } from "./names";
import type { FileVersion } from "./queries";

interface Parts {
  readonly data?: { readonly pages: readonly Uint8Array[] } | undefined;
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

/** How much of a file is shown, with a button for the next part. */
export function Rest({ of: found, file }: { readonly of: Parts; readonly file: FileVersion }): JSX.Element | null {
  if (!found.hasNextPage) return null;
  const read = found.data?.pages.reduce((sum, part) => sum + part.length, 0) ?? 0;
  return (
    <p className="inline">
      <button type="button" disabled={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
        Show more
      </button>
      <span className="ds-quiet">
        {sizeOf(read)} of {sizeOf(file.size)}
      </span>
    </p>
  );
}

/** In the place of what cannot be shown. */
export function NoText(): JSX.Element {
  return <p className="empty">This is no text. Download it to look at it with a program that knows it.</p>;
}
