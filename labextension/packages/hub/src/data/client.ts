import { QueryClient } from "@tanstack/react-query";

import { Problem } from "./api";

/** Answers are kept while a page is looked at; what was refused is not asked for again, what got lost is. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => !(error instanceof Problem && error.status >= 400 && error.status < 500) && count < 4,
      retryDelay: (count) => Math.min(1_000 * 2 ** count, 15_000),
    },
  },
});
