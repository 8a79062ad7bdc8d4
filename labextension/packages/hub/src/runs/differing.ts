import { compared } from "@dotscience/ui";

import { whatOf } from "../tasks/workload";
import type { Recipe } from "./repetition";
import type { Section } from "./compared";
import type { Run, RunFile } from "./queries";

/** A run with what made it. */
export interface Made {
  readonly run: Run;
  readonly recipe: Recipe | null;
}

export const IMAGE = "Image digest";
type Values = Readonly<Record<string, string | undefined>>;

/** A part of what two runs have. */
interface Part extends Section {
  /** Whether it is what came out, and not what went in. */
  readonly result: boolean;
}

/** What differs between a run and the one that it repeats, and how much of each part is the same. */
export interface Difference {
  readonly parts: readonly Part[];
  /** One sentence. */
  readonly verdict: string;
  readonly same: boolean;
}

const PARTS: readonly (readonly [title: string, word: string, result: boolean, of: (made: Made) => Values])[] = [
  ["Output files", "output file", true, ({ run }) => contents(run.outputs)],
  ["Summary", "summary", true, ({ run }) => run.summary],
  ["Outcome", "outcome", true, ({ run }) => ({ Status: run.status, Error: run.error ?? undefined })],
  ["Parameters", "parameter", false, ({ run }) => run.parameters],
  ["Labels", "label", false, ({ run }) => run.labels],
  ["Input files", "input file", false, ({ run }) => contents(run.inputs)],
  ["Code, data and environment", "setting", false, ({ recipe }) => (recipe === null ? {} : given(recipe))],
  ["Image and machine", "fact", false, ({ recipe }) => (recipe === null ? {} : surroundings(recipe))],
];

/** Compares a run with the one that it repeats.
 *
 * @param first the run that is repeated
 * @param second the one that repeats it
 */
export function differenceOf(first: Made, second: Made): Difference {
  const parts = PARTS.map(([title, , result, of]) => ({ title, result, lines: compared([of(first), of(second)]) }));
  const results = parts.filter(({ result, lines }) => result && lines.length > 0);
  const same = results.every(({ lines }) => lines.every(({ differs }) => !differs));
  return { parts, same, verdict: verdictOf(first.run, second.run, same, parts) };
}

function verdictOf(first: Run, second: Run, same: boolean, parts: readonly Part[]): string {
  const told = (index: number): string[] => {
    const { lines } = parts[index]!;
    if (lines.length === 0) return [];
    const word = PARTS[index]![1];
    const many = word === "summary" ? "summaries" : `${word}s`;
    const differing = lines.filter(({ differs }) => differs).length;
    if (same) return [`${lines.length} ${lines.length === 1 ? word : many}`];
    return [`${differing} of ${lines.length} ${lines.length === 1 ? word : many}`];
  };
  const outcome = [...told(0), ...told(1)];
  if (outcome.length === 0) return first.status === second.status ? "Neither of them published a summary or an output file." : "It ended otherwise.";
  if (same) return `It came out the same: ${outcome.join(" and ")}, all equal.`;
  return `It did not come out the same: ${outcome.join(" and ")} differ.`;
}

/** Each file with what tells its content. */
function contents(files: readonly RunFile[]): Values {
  return Object.fromEntries(files.map(({ path, sha256, blob, commit }) => [path, sha256 ?? blob ?? commit ?? "there"]));
}

function given(recipe: Recipe): Values {
  const { workload, execution, commit, datasets } = recipe;
  const environment = Object.entries(workload.environment ?? {}).map(([name, value]) => [`Environment ${name}`, value]);
  return {
    Command: whatOf(recipe),
    "Started from": fileOf(commit) ?? "an empty workspace",
    "Repository's version": fileOf(execution.repository_commit),
    ...Object.fromEntries(datasets.map(({ name, path, commit: version }) => [`Dataset ${name} at ${path}`, fileOf(version) ?? "empty"])),
    ...(Object.fromEntries(environment) as Values),
  };
}

function surroundings(recipe: Recipe): Values {
  const { machine, backend } = recipe.execution;
  return {
    [IMAGE]: digestOf(recipe),
    Runner: recipe.runner_name ?? undefined,
    Backend: backend || undefined,
    Machine: machine.hostname || undefined,
    Platform: [machine.platform, machine.platform_version].filter(Boolean).join(", ") || undefined,
    Processor: machine.cpus[0],
    Processors: machine.cpus.length === 0 ? undefined : String(machine.cpus.length),
    GPUs: machine.gpus.join(", ") || undefined,
    Memory: machine.memory === 0 ? undefined : `${(machine.memory / 1e9).toFixed(1)} GB`,
  };
}

/** The digest of a recipe's image. */
export const digestOf = ({ execution }: Recipe): string | undefined => execution.image_digest ?? undefined;

/** The start of a version's id. */
export const fileOf = (id: string | null | undefined): string | undefined => id?.slice(0, 12);
