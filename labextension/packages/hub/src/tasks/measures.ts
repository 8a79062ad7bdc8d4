/** What a task used of its machine, in words and as what charts draw. */
import type { Reply, Schema } from "@dotscience/api";
import { queryOptions } from "@tanstack/react-query";

import { api, reply } from "../data/api";
import { sizeOf } from "../files/names";
import { hasEnded, type Task } from "./queries";

export type Used = Reply<"get_resources">;
type Usage = Schema<"Usage">;

const POINTS = 400;

/** What a task used up to now. */
export const resourcesQuery = (task: Pick<Task, "id" | "status" | "version">) =>
  queryOptions({
    // Once more when it has ended: the last samples come just before that.
    queryKey: ["task-resources", task.id, hasEnded(task)],
    queryFn: async () =>
      reply<"get_resources">(await api.GET("/tasks/{task}/resources", { params: { path: { task: task.id }, query: { points: POINTS } } })),
    placeholderData: (before: Used | undefined) => before,
  });

/** Cores or GPUs: `1.9`, `0.05`. */
export const countOf = (count: number): string => (count >= 100 ? count.toFixed(0) : count >= 9.95 ? count.toFixed(1) : String(Number(count.toPrecision(2))));

/** A size as a chart's axis writes it. */
export const roundOf = (bytes: number): string => sizeOf(Math.round(bytes)).replace(".0 ", " ");

/** Bytes a second. */
export const rateOf = (bytes: number): string => `${roundOf(bytes)}/s`;

/** What is known of the whole task, in one line; empty when that is nothing. */
export function sentenceOf(usage: Partial<Usage>, memory: number | null | undefined): string {
  const { peak_memory, mean_cpus, mean_gpus, peak_gpu_memory } = usage;
  const parts = [
    peak_memory ? `peak memory ${sizeOf(peak_memory)}${memory ? ` of ${sizeOf(memory)}` : ""}` : "",
    mean_cpus == null ? "" : `${countOf(mean_cpus)} CPU cores on average`,
    mean_gpus == null ? "" : `${countOf(mean_gpus)} GPUs on average`,
    peak_gpu_memory ? `peak GPU memory ${sizeOf(peak_gpu_memory)}` : "",
  ].filter(Boolean);
  const text = parts.join(", ");
  return text && text[0]!.toUpperCase() + text.slice(1);
}

/** What is known of a whole task: what its runner told at the end, or up to now what was sampled. */
export function usageOf(task: Pick<Task, "execution">, used: Used | undefined): Partial<Usage> {
  const { usage } = task.execution;
  if (usage.peak_memory !== null || !used) return usage;
  return { ...usage, peak_memory: most(used.memory), mean_cpus: mean(used.cpus), mean_gpus: mean(used.gpus), peak_gpu_memory: most(used.gpu_memory) };
}

/** What a run's metadata says of the task that recorded it, for when that is gone. */
export function usageIn(metadata: Readonly<Record<string, string>>): Partial<Usage> {
  const [memory, seconds] = [Number(metadata["exec.ram"] ?? -1), Number(metadata["exec.cpu-seconds"] ?? -1)];
  const took = (Date.parse(timeIn(metadata["exec.end"])) - Date.parse(timeIn(metadata["exec.start"]))) / 1000;
  return { ...(memory > 0 && { peak_memory: memory }), ...(seconds >= 0 && took > 0 && { mean_cpus: seconds / took }) };
}

/** `20181004T130607.101`, in UTC, as browsers read it. */
function timeIn(text = ""): string {
  return text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{1,3})?\d*$/u, "$1-$2-$3T$4:$5:$6$7Z");
}

const known = (levels: readonly (number | null)[]): number[] => levels.filter((level): level is number => level !== null);

function most(levels: readonly (number | null)[]): number | null {
  const some = known(levels);
  return some.length === 0 ? null : Math.max(...some);
}

function mean(levels: readonly (number | null)[]): number | null {
  const some = known(levels);
  return some.length === 0 ? null : some.reduce((sum, level) => sum + level, 0) / some.length;
}

/** One chart. */
export interface Drawn {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly levels: readonly (number | null)[] }[];
  readonly limit?: number | undefined;
  readonly unit: "count" | "size" | "rate";
}

/** What there is to draw: processors and memory always, the rest where the task used any of it. */
export function chartsOf({ resources, execution }: Pick<Task, "resources" | "execution">, used: Used): Drawn[] {
  const gpus = resources.gpus < 0 ? execution.machine.gpus.length : resources.gpus;
  const line = (name: string, levels: readonly (number | null)[]) => ({ name, levels });
  const all: Drawn[] = [
    { title: "CPU cores", lines: [line("CPU cores", used.cpus)], limit: resources.cpus ?? undefined, unit: "count" },
    { title: "Memory", lines: [line("Memory", used.memory)], limit: resources.memory ?? undefined, unit: "size" },
    { title: "GPUs", lines: [line("GPUs in use", used.gpus)], limit: gpus || undefined, unit: "count" },
    { title: "GPU memory", lines: [line("GPU memory", used.gpu_memory)], unit: "size" },
    { title: "Disk", lines: [line("Read", used.read), line("Written", used.written)], unit: "rate" },
    { title: "Network", lines: [line("Received", used.received), line("Sent", used.sent)], unit: "rate" },
  ];
  return all.filter(({ lines, unit }) => lines.some(({ levels }) => levels.some((level) => level !== null && (unit !== "rate" || level > 0))));
}
