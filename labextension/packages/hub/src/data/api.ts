import type { Operation, paths, Reply } from "@dotscience/api";
import createClient, { type Middleware } from "openapi-fetch";

import { boot } from "../boot";

/** What the hub would not do, as its one error body says it; the message is a sentence for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

interface Body {
  readonly code?: string;
  readonly message?: string;
  readonly detail?: Record<string, unknown> | null;
}

/** Every refused request ends as a {@link Problem}, so that pages have one way to show them. */
const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const body = (await response.json().catch(() => ({}))) as Body;
    const message = body.message ?? `The hub answered ${response.status} ${response.statusText}.`;
    throw new Problem(response.status, body.code ?? "", message, body.detail ?? {});
  },
  onError({ error }) {
    if (!(error instanceof TypeError)) return;
    // All that fetch tells when nothing answers.
    throw new Problem(0, "unreachable", "The hub cannot be reached from here. Look whether you are connected, and try again.");
  },
};

/** The API's root, below the hub's address. */
export const ROOT = `${boot.prefix}api`;

/** The hub's API, typed by its description. */
export const api = createClient<paths>({
  baseUrl: new URL(ROOT, location.href).href,
  headers: { "X-XSRFToken": boot.xsrf },
  querySerializer: { array: { style: "form", explode: true } },
});
api.use(refusals);

/** The answer's body, by the operation's name: `reply<"list_projects">(await api.GET("/projects"))`.
 *
 * What failed was thrown before, which openapi-fetch's own type of `data` does not know. */
export function reply<Name extends Operation>(answer: { data?: unknown }): Reply<Name> {
  return answer.data as Reply<Name>;
}
