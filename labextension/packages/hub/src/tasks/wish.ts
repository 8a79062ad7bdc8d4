import type { Body } from "@dotscience/api";

import { environment, labels, memory, Mistyped, number, shellWords } from "./words";

/** What is used when the form says nothing else; see `jupyter_dotscience/api/tasks.py`. */
export const IMAGE = "python:3";

/** The fields of the forms that start something, as they were typed. */
export interface Fields {
  readonly command: string;
  readonly image: string;
  readonly labels: string;
  readonly cpus: string;
  readonly memory: string;
  readonly gpus: string;
  readonly environment: string;
}

export const EMPTY: Fields = { command: "", image: "", labels: "", cpus: "", memory: "", gpus: "", environment: "" };

/** The task that the form asks for.
 *
 * @throws Mistyped when a field holds something else than what it is for
 */
export function wishOf(fields: Fields): Body<"create_task"> {
  const command = shellWords(fields.command);
  if (command.length === 0 || command[0] === "") throw new Mistyped("The command is missing.");
  return {
    workload: {
      kind: "command",
      command,
      image: fields.image.trim() || IMAGE,
      environment: environment(fields.environment),
      repository: null,
    },
    ...demandOf(fields),
    commit: null,
    sealed_environment: {},
  };
}

/** What a task asks of its runner. */
function demandOf(fields: Fields) {
  const [cpus, gpus] = [number(fields.cpus, "CPU cores"), number(fields.gpus, "GPUs", true)];
  if (cpus !== null && cpus <= 0) throw new Mistyped("CPU cores: more than none.");
  if (gpus !== null && gpus < -1) throw new Mistyped("GPUs: a number of them, or -1 for all.");
  return { labels: labels(fields.labels), resources: { cpus, memory: memory(fields.memory), gpus: gpus ?? 0 } };
}

/** The address at which the hub starts a JupyterLab as the form says; the fields are those of its own form.
 *
 * @param hub path of the hub
 * @param user whose it is
 * @param server the server's name
 * @param project id of the project
 * @throws Mistyped as above
 */
export function spawnAddress(hub: string, user: string, server: string, project: string, fields: Fields): string {
  demandOf(fields); // what is wrong is said here, and not on the hub's page
  const { image, labels: wanted, cpus, memory: size, gpus } = fields;
  const given = Object.entries({ project, image, labels: wanted, cpus, gpus, memory: size }).filter(([, value]) => value.trim() !== "");
  // The prefix tells the hub that they are the spawner's own.
  const query = new URLSearchParams(given.map(([name, value]) => [`opt-${name}`, value.trim()]));
  return `${hub}spawn/${encodeURIComponent(user)}/${encodeURIComponent(server)}?${query}`;
}
