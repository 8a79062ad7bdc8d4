/** The hub's address: as the server says it, or where this page came from when a hub's proxy brought it.
 *
 * A JupyterLab on a runner knows no address of the hub that serves a browser; JupyterHub tells the page its own path.
 */
export function hubAddress(said: string, host: string, prefix: string): string | undefined {
  if (said) {
    return said;
  }
  return prefix ? host + prefix.replace(/\/hub\/?$/, '') : undefined;
}
