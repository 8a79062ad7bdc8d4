import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import type { Place } from "./place";
import { partsQuery, type FileVersion } from "./queries";

export interface ContentProps {
  readonly place: Place;
  readonly file: FileVersion;
  readonly at: string;
}

/** As much of a file's text as was asked for; null for one that is none. */
export function useText({ place, file, at }: ContentProps) {
  const found = useInfiniteQuery(partsQuery(place, file, at));
  const text = useMemo(() => (found.data ? decoded(found.data.pages, !found.hasNextPage) : undefined), [found.data, found.hasNextPage]);
  return { text, found };
}

/** The text of a file's first parts; null when there is a NUL, as text has none. A letter that is cut waits for its rest. */
export function decoded(parts: readonly Uint8Array[], complete: boolean): string | null {
  if (parts.some((part) => part.includes(0))) return null;
  const decoder = new TextDecoder();
  return parts.map((part, index) => decoder.decode(part, { stream: !complete || index < parts.length - 1 })).join("");
}
