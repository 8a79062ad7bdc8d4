/** What starts a runner's agent in a container; the same words as `ds runner create` prints. */
export interface RunnerCommand {
  readonly url: string;
  readonly token: string;
  readonly gpu: boolean;
  readonly image?: string;
}

/** The command to paste on a machine with Docker. */
export function startCommand({ url, token, gpu, image = "dotscience-runner" }: RunnerCommand): string {
  const more = `${isLoopback(url) ? "--network host " : ""}${gpu ? "--gpus all " : ""}`;
  return [
    `docker run --name dotscience-runner -d -e TOKEN=${token} -e DOTSCIENCE_URL=${url} \\`,
    "--restart always -v /var/run/docker.sock:/var/run/docker.sock \\",
    `-v dotscience-task-spool:/spool ${more}\\`,
    image,
  ].join("\n");
}

/** Whether the hub's address is its own machine's: a container reaches it on that machine's network only. */
function isLoopback(url: string): boolean {
  const host = new URL(url).hostname;
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
