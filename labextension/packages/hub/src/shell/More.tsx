interface Pages {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
}

/** A button for the next page of a list, where there is one. */
export function More({ of: pages }: { readonly of: Pages }): JSX.Element | null {
  return pages.hasNextPage ? (
    <p>
      <button type="button" disabled={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
        More
      </button>
    </p>
  ) : null;
}
