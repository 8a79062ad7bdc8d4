import { useParams } from "@tanstack/react-router";

import { boot } from "../boot";
import { Problem, ROOT } from "../data/api";

/** What has files and versions: a project's workspace, or a dataset. */
export interface Place {
  readonly kind: "project" | "dataset";
  readonly id: string;
}

/** The place that the address names. */
export function usePlace(): Place {
  const { project, dataset } = useParams({ strict: false }) as { project?: string; dataset?: string };
  return project === undefined ? { kind: "dataset", id: dataset! } : { kind: "project", id: project };
}

/** The address of one of a place's pages: `/projects/ID/files`. */
export const pageOf = ({ kind, id }: Place, page: string): string => `/${kind}s/${id}/${page}`;

/** The address of something of a place in the API. */
export const addressOf = ({ kind, id }: Place, below: string): string => `${ROOT}/${kind}s/${encodeURIComponent(id)}/${below}`;

/** The address of a file's content. The hub sends it as a download; it is never shown as a page. */
export function contentAddress(place: Place, path: string, at: string): string {
  return addressOf(place, `file?${new URLSearchParams({ path, at })}`);
}

/** The address of a folder as an archive; a download as well. */
export function archiveAddress(place: Place, path: string, at: string): string {
  return addressOf(place, `archive?${new URLSearchParams({ ...(path !== "" && { path }), at })}`);
}

/** What shows the hub that a request comes from this page. */
export const OURS: Readonly<Record<string, string>> = { "X-XSRFToken": boot.xsrf };

/** A refusal's body as a {@link Problem}. */
export function problemOf(status: number, body: string): Problem {
  try {
    const { code, message, detail } = JSON.parse(body) as { code: string; message: string; detail?: Record<string, unknown> };
    return new Problem(status, code, message, detail ?? {});
  } catch {
    return new Problem(status, "", `The hub answered ${status}.`);
  }
}
