/** What the page was told when it was made: one JSON value in its head, see `web/app_page.py`. */
export interface Boot {
  /** The service's path, with slashes around. */
  readonly prefix: string;
  /** JupyterHub's own path. */
  readonly hub: string;
  /** The hub's address as people know it. */
  readonly url: string;
  readonly user: string;
  readonly admin: boolean;
  readonly version: string;
  /** Shows that a request comes from this page. */
  readonly xsrf: string;
  /** Where the feed of changes was when the page was made. */
  readonly changes: string;
}

const told = document.querySelector<HTMLMetaElement>('meta[name="dotscience"]');
export const boot = JSON.parse(told?.content ?? "{}") as Boot;
